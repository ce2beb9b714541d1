using System.Diagnostics.CodeAnalysis;
using Nightmail.Core.Emails;

namespace Nightmail.Store.File.Format;

/// <summary>
/// Values by the id of their email. A dictionary over the ids' text: one over <see cref="EmailId"/> itself is generic code over a type of
/// ours, which no ahead-of-time compilation covers, so that every start of the program would compile it again.
/// </summary>
internal sealed class EmailMap<T>(int capacity = 0)
    where T : class
{
    private readonly Dictionary<string, T> byText = new(capacity, StringComparer.Ordinal);

    /// <summary>How many there are.</summary>
    public int Count => byText.Count;

    /// <summary>All of them, in no order.</summary>
    public IReadOnlyCollection<T> Values => byText.Values;

    /// <summary>The value of an id; reading one that is not there throws.</summary>
    public T this[EmailId id]
    {
        get => byText[id.ToString()];
        set => byText[id.ToString()] = value;
    }

    /// <summary>Adds one that is not there yet.</summary>
    public void Add(EmailId id, T value) => byText.Add(id.ToString(), value);

    /// <summary>True when there is one.</summary>
    public bool ContainsKey(EmailId id) => byText.ContainsKey(id.ToString());

    /// <summary>The value of an id, if there is one.</summary>
    public bool TryGetValue(EmailId id, [NotNullWhen(true)] out T? value) => byText.TryGetValue(id.ToString(), out value);

    /// <summary>Takes all of them out.</summary>
    public void Clear() => byText.Clear();
}
