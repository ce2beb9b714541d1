using System.Text;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Format;
using Nightmail.Store.File.Transactions;

namespace Nightmail.Store.File.Exchange;

/// <summary>What leaves a queue for another store.</summary>
internal static class QueueExport
{
    /// <summary>Every email as the ledger knows it, soonest first, with what is not known of its entry.</summary>
    public static IReadOnlyList<ImportedEmail> Emails(QueueView view)
    {
        var emails = new List<ImportedEmail>();
        foreach (var row in view.Rows(_ => true)) emails.Add(new(view.Settled(row)) { Unknown = UnknownOf(view.Document.Find(row.Id)) });
        emails.Sort((left, right) => ScheduledEmail.CompareDue(left.Email, right.Email));
        return emails;
    }

    private static string? UnknownOf(QueueEntry? entry) => entry is { Email: not null, HasUnknown: true } ? Encoding.UTF8.GetString(entry.Raw.Span) : null;
}
