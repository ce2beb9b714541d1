using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Operations;
using Nightmail.Store.Sql.Sqlite.Rows;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite.Campaigns;

/// <summary>What the gates of campaigns allow, and how rows follow them.</summary>
internal static class Gates
{
    /// <summary>Rows of cancelled campaigns that one transaction changes: well under 50 ms of work.</summary>
    private const int FollowAtOnce = 500;

    /// <summary>What a suppressed recipient's row says.</summary>
    private const string Suppressed = "suppressed: the address gets no campaign mail";

    /// <summary>Before every campaign comes every single email: a person waits for that one.</summary>
    private const long AfterSingleEmails = long.MaxValue / 2;

    /// <summary>When the lane's emails may be sent; null: not until somebody opens its campaign's gate.</summary>
    public static DateTimeOffset? OpensAt(Transaction transaction, Lane lane)
    {
        if (lane.Campaign is not { } campaign) return DateTimeOffset.MinValue;
        var gate = transaction.GateOf(campaign);
        return gate.Stance == CampaignStance.Released ? gate.From : null;
    }

    /// <summary>True when the lane's emails may be sent now.</summary>
    public static bool IsOpen(Transaction transaction, Lane lane) => OpensAt(transaction, lane) <= transaction.Now;

    /// <summary>The place of a lane among the others: single emails by their time, then the campaign that waited longest for its turn.</summary>
    public static (long First, long Second) PlaceOf(Transaction transaction, LaneCursor cursor) => cursor.Lane.Campaign is { } campaign
        ? (AfterSingleEmails, transaction.Gates.ServedAt(campaign))
        : (Math.Min(cursor.Current.Due, AfterSingleEmails - 1), cursor.Current.Number);

    /// <summary>The row as its campaign's time has it: a recipient that was kept long before is first due when the campaign starts.</summary>
    public static ScheduledEmail OnTime(Transaction transaction, ScheduledEmail row) =>
        row is { Campaign: { } campaign, Attempts: 0 } && transaction.GateOf(campaign).From is var from && from <= transaction.Now ? row with { ScheduledFor = from } : row;

    /// <summary>Why the gate refuses a begin; null: it does not.</summary>
    public static string? WhyClosed(Transaction transaction, ScheduledEmail? row)
    {
        if (row?.Campaign is not { } campaign) return null;
        return transaction.GateOf(campaign) switch
        {
            { Stance: CampaignStance.Released, From: var from } when from <= transaction.Now => null,
            { Stance: CampaignStance.Released } => "its campaign's time has not come",
            { Stance: CampaignStance.Paused } => "its campaign is paused",
            { Stance: CampaignStance.Cancelled } => "its campaign is cancelled",
            _ => "its campaign is a draft",
        };
    }

    /// <summary>True for a recipient who gets no campaign mail, and where nobody else is left who does.</summary>
    public static bool IsSuppressed(Transaction transaction, ScheduledEmail row)
    {
        if (row.Campaign is null) return false;
        var all = row.AllRecipients();
        return transaction.Gates.IsSuppressed(all[0].Address) || (all.Count > 1 && !all.Any(each => each.Status == RecipientStatus.Pending && !transaction.Gates.IsSuppressed(each.Address)));
    }

    /// <summary>The row without those of its copies that are suppressed; who has it already stays in its record.</summary>
    public static ScheduledEmail WithoutSuppressed(Transaction transaction, ScheduledEmail row)
    {
        if (row.Campaign is null || row.Content.Cc.Count + row.Content.Bcc.Count == 0 || !row.AllRecipients().Any(each => transaction.Gates.IsSuppressed(each.Address))) return row;
        return row with
        {
            Content = row.Content with { Cc = Allowed(transaction, row.Content.Cc), Bcc = Allowed(transaction, row.Content.Bcc) },
            Recipients = [.. row.Recipients.Where(each => each.Status != RecipientStatus.Pending || !transaction.Gates.IsSuppressed(each.Address))],
        };
    }

    private static IReadOnlyList<string> Allowed(Transaction transaction, IReadOnlyList<string> copies) =>
        [.. copies.Where(copy => !Mailbox.TryParse(copy, out var mailbox, out _) || !transaction.Gates.IsSuppressed(mailbox.Address))];

    /// <summary>Cancels an email of a campaign whose recipient is suppressed. With a ledger entry: an older copy of the row is not sent either.</summary>
    public static void Suppress(Transaction transaction, EmailId id)
    {
        if (Changing.Apply(transaction, id, new EmailChange.Cancel()) is { Done: true, Email: { } cancelled }) transaction.Put(cancelled with { LastError = Suppressed });
    }

    /// <summary>Keeps recipients; those whose address the campaign has already are left out.</summary>
    /// <returns>How many are new.</returns>
    public static int AddRecipients(Transaction transaction, CampaignId campaign, IReadOnlyList<ScheduledEmail> recipients)
    {
        if (recipients.FirstOrDefault(each => each.Campaign != campaign || transaction.Has(each.Id)) is { } odd) throw new ArgumentException($"{odd.Id} is no new recipient of {campaign}", nameof(recipients));
        if (transaction.GateOf(campaign).Stance != CampaignStance.Draft) throw new RecipientsRefusedException();
        var added = 0;
        foreach (var recipient in recipients)
        {
            if (!transaction.Addresses.TryAdd(campaign, recipient.AllRecipients()[0].Address)) continue;
            transaction.PutNew(recipient with { Status = EmailStatus.Pending, ClaimedBy = null, LedgerLast = 0 });
            added++;
        }

        return added;
    }

    /// <summary>Cancels emails of cancelled campaigns that wait or are paused, some at a time.</summary>
    /// <returns>How many.</returns>
    public static int Follow(Transaction transaction)
    {
        // Only where rows are left: what has followed costs nothing, however many campaigns were ever cancelled.
        foreach (var campaign in transaction.LanesThatWait().Concat(transaction.LanesWithPaused()).Select(lane => lane.Campaign).OfType<CampaignId>().Distinct())
        {
            if (transaction.GateOf(campaign).Stance != CampaignStance.Cancelled) continue;
            List<EmailId> found = [];
            foreach (var lane in transaction.Lanes.Of(campaign))
                if (found.Count < FollowAtOnce) found.AddRange(transaction.Addresses.Waiting(lane.Number, FollowAtOnce - found.Count));
            if (found.Count == 0) found = transaction.Addresses.Paused(campaign, FollowAtOnce);
            var followed = found.Count(id => Cancel(transaction, id));
            if (followed > 0) return followed;
        }

        return 0;
    }

    private static bool Cancel(Transaction transaction, EmailId id)
    {
        if (transaction.Find(id) is not { Status: EmailStatus.Pending or EmailStatus.Paused } row) return false;
        transaction.Put(row with { Status = EmailStatus.Cancelled, Reason = null, NextAttempt = null });
        return true;
    }
}
