using System.Text;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Format;
using Nightmail.Store.File.Transactions;

namespace Nightmail.Store.File.Exchange;

/// <summary>What leaves a queue for another store.</summary>
/// <param name="Emails">Every email as the ledger knows it, soonest first, with what is not known of its entry.</param>
/// <param name="SetAside">The entries that are no emails: they stay where they are.</param>
public sealed record QueueExport(IReadOnlyList<ImportedEmail> Emails, IReadOnlyList<SetAsideEntry> SetAside)
{
    internal static QueueExport Of(QueueView view)
    {
        var emails = new List<ImportedEmail>();
        foreach (var row in view.Rows(_ => true)) emails.Add(new(view.Settled(row)) { Unknown = UnknownOf(view.Document.Find(row.Id)) });
        emails.Sort((left, right) => ScheduledEmail.CompareDue(left.Email, right.Email));
        return new(emails, [.. view.Document.Entries.Where(entry => entry.Email is null).Select(entry => new SetAsideEntry(entry.Key, TextPlace.Of(view.Document, entry), entry.Damage ?? "it is no email"))]);
    }

    private static string? UnknownOf(QueueEntry? entry) => entry is { Email: not null, HasUnknown: true } ? Encoding.UTF8.GetString(entry.Raw.Span) : null;
}

/// <summary>An entry of the queue file that cannot be read as an email. It stays in the file as it is and is never sent.</summary>
/// <param name="Key">What it lies under.</param>
/// <param name="Place">Line and column in the file.</param>
/// <param name="Why">What is wrong with it.</param>
public sealed record SetAsideEntry(string Key, string Place, string Why);
