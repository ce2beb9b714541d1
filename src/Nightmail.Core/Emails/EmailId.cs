using System.Diagnostics.CodeAnalysis;

namespace Nightmail.Core.Emails;

/// <summary>
/// Names one email for ever. New ids are UUIDv7 (RFC 9562) made from the injected clock, so they sort by creation.
/// As text: <c>email_</c> and 32 lower-case hex digits. Ids of older queue files (<c>1795329999_8147</c>) are kept as they are.
/// </summary>
public readonly record struct EmailId : IComparable<EmailId>
{
    /// <summary>What the text of a new id begins with.</summary>
    public const string Prefix = "email_";

    private readonly string? text;

    private EmailId(string text) => this.text = text;

    /// <summary>Makes an id that no other call makes, ordered by <paramref name="time"/>.</summary>
    public static EmailId New(TimeProvider time) => FromGuid(Guid.CreateVersion7(time.GetUtcNow()));

    /// <summary>The id whose 128 bits are <paramref name="value"/>.</summary>
    public static EmailId FromGuid(Guid value) => new(string.Create(Prefix.Length + 32, value, static (text, value) =>
    {
        Prefix.CopyTo(text);
        value.TryFormat(text[Prefix.Length..], out _, "N");
    }));

    /// <summary>Reads <c>email_…</c>, a bare UUID with or without hyphens, or an older file's <c>digits_digits</c>.</summary>
    public static bool TryParse([NotNullWhen(true)] string? value, out EmailId id)
    {
        id = default;
        if (string.IsNullOrEmpty(value)) return false;
        var bare = value.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? value[Prefix.Length..] : value;
        if (Guid.TryParseExact(bare, "N", out var guid) || Guid.TryParseExact(bare, "D", out guid))
        {
            id = FromGuid(guid);
            return true;
        }

        if (!IsOlderForm(value)) return false;
        id = new EmailId(value);
        return true;
    }

    /// <summary>Reads an id or throws <see cref="FormatException"/>.</summary>
    public static EmailId Parse(string value) =>
        TryParse(value, out var id) ? id : throw new FormatException($"'{value}' is not an email id.");

    /// <summary>The part that makes it unique: 32 hex digits, or the older form.</summary>
    public string Unique => UniqueSpan.ToString();

    /// <summary>The same without a string of its own.</summary>
    public ReadOnlySpan<char> UniqueSpan => text is null ? "" : text.StartsWith(Prefix, StringComparison.Ordinal) ? text.AsSpan(Prefix.Length) : text;

    /// <summary>True when the text is the id, its beginning or its end; hyphens and letter case aside.</summary>
    public bool IsNamedBy(string part)
    {
        var wanted = part.Replace("-", "", StringComparison.Ordinal);
        return wanted.Length > 0
            && (ToString().StartsWith(wanted, StringComparison.OrdinalIgnoreCase)
                || UniqueSpan.StartsWith(wanted, StringComparison.OrdinalIgnoreCase)
                || UniqueSpan.EndsWith(wanted, StringComparison.OrdinalIgnoreCase));
    }

    /// <inheritdoc/>
    public int CompareTo(EmailId other) => string.CompareOrdinal(text, other.text);

    /// <inheritdoc/>
    public override string ToString() => text ?? "";

    /// <summary>Orders by text, which for new ids is the order of creation.</summary>
    public static bool operator <(EmailId left, EmailId right) => left.CompareTo(right) < 0;

    /// <summary>Orders by text, which for new ids is the order of creation.</summary>
    public static bool operator >(EmailId left, EmailId right) => left.CompareTo(right) > 0;

    /// <summary>Orders by text, which for new ids is the order of creation.</summary>
    public static bool operator <=(EmailId left, EmailId right) => left.CompareTo(right) <= 0;

    /// <summary>Orders by text, which for new ids is the order of creation.</summary>
    public static bool operator >=(EmailId left, EmailId right) => left.CompareTo(right) >= 0;

    private static bool IsOlderForm(string value)
    {
        var underscore = value.IndexOf('_', StringComparison.Ordinal);
        return underscore > 0 && underscore < value.Length - 1 && value.Length <= 64
            && !value.AsSpan(0, underscore).ContainsAnyExceptInRange('0', '9')
            && !value.AsSpan(underscore + 1).ContainsAnyExceptInRange('0', '9');
    }
}
