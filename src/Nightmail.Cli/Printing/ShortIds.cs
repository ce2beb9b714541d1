using Nightmail.Core.Emails;

namespace Nightmail.Cli.Printing;

/// <summary>
/// Short forms of ids that can be typed. New ids begin with their time of creation, so those of emails made together differ only at
/// the end: the short form is the end of the id, as much of it as is unique in the whole store.
/// </summary>
internal sealed class ShortIds
{
    /// <summary>Shorter forms would stop being unique with the next few emails.</summary>
    private const int Shortest = 6;

    private readonly int length;

    /// <summary>The short forms for a store with these emails.</summary>
    public ShortIds(IReadOnlyCollection<ScheduledEmail> all)
    {
        for (length = Shortest; length < 32 && !AreUnique(all, length); length++)
        {
        }
    }

    /// <summary>The short form of one of them.</summary>
    public string Of(EmailId id) => IsNew(id) ? id.Unique[^length..] : id.ToString();

    // A short form must not be read as the beginning of another id either.
    private static bool AreUnique(IReadOnlyCollection<ScheduledEmail> all, int length)
    {
        var ends = new HashSet<string>(all.Count);
        var news = all.Where(email => IsNew(email.Id)).Select(email => email.Id.Unique).ToList();
        return news.TrueForAll(unique => ends.Add(unique[^length..])) && !news.Exists(unique => ends.Contains(unique[..length]) && unique[..length] != unique[^length..]);
    }

    private static bool IsNew(EmailId id) => id.Unique.Length == 32;
}
