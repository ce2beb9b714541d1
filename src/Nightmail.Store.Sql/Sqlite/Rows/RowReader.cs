using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite.Connections;

namespace Nightmail.Store.Sql.Sqlite.Rows;

/// <summary>An email and its number in the database.</summary>
internal readonly record struct StoredEmail(long Number, ScheduledEmail Email);

/// <summary>Makes emails of rows.</summary>
internal static class RowReader
{
    /// <summary>The columns that <see cref="Read"/> reads, of <c>email e</c> and <c>content c</c>, and the tables they come from.</summary>
    public const string Select = """
        SELECT e.number, e.id, e.status, e.lane, e.not_after, e.scheduled_for, e.next_attempt, e.created_at, e.last_modified, e.attempts, e.ledger_last,
          e.reason, e.claimed_by, e.last_account, e.last_attempt, e.lost_claims, e.deferrals, e.account_failures, e.failed_accounts, e.retried_at, e.sent_at, e.sent_reply,
          e.last_error, e.date, e.frozen_from, e.message_id, e.created_by, e.idempotency_key, e.request_hash, e.campaign, e.variables, e.wish, e.recipients, c.text, c.html, c.head
        FROM email e JOIN content c ON c.number = e.number
        """;

    /// <summary>The same for those who read beside the one who writes: while a restore puts other rows in place, what is known of lanes is not theirs.</summary>
    public static readonly string SelectAlone = Select.Replace("e.lane", "(SELECT l.account FROM lane l WHERE l.lane = e.lane)", StringComparison.Ordinal);

    /// <summary>The row that the statement stands on. Initializers run in the order they are written, and columns are read in theirs.</summary>
    /// <param name="row">The statement.</param>
    /// <param name="lanes">What is known of lanes; null: the account stands in the row.</param>
    public static StoredEmail Read(Statement row, LaneBook? lanes = null)
    {
        var number = row.Long();
        var email = new ScheduledEmail
        {
            Id = row.Id(),
            Status = (EmailStatus)row.Int(),
            Account = lanes is null ? row.Text() : lanes[row.Long()].Account,
            NotAfter = row.InstantOrNull(),
            ScheduledFor = row.Instant(),
            NextAttempt = row.InstantOrNull(),
            CreatedAt = row.Instant(),
            LastModified = row.Instant(),
            Attempts = row.Int(),
            LedgerLast = row.Long(),
            Reason = (FailureReason?)row.LongOrNull(),
            ClaimedBy = row.Text(),
            LastAccount = row.Text(),
            LastAttempt = row.InstantOrNull(),
            LostClaims = row.Int(),
            Deferrals = row.Int(),
            AccountFailures = row.Int(),
            FailedAccounts = ContentJson.ReadAccounts(row.Text()),
            RetriedAt = row.InstantOrNull(),
            SentAt = row.InstantOrNull(),
            SentReply = row.Text(),
            LastError = row.Text(),
            Date = row.InstantOrNull(),
            FrozenFrom = row.Text(),
            MessageId = row.Text(),
            CreatedBy = row.Text(),
            IdempotencyKey = Key(row.Text(), row.Text()),
            Campaign = row.CampaignOrNull(),
            Variables = row.Text(),
            Wish = WishJson.Read(row.Bytes()),
            Recipients = ContentJson.ReadRecipients(row.Bytes()),
            Content = ContentJson.Read(row.Utf8(), row.Text(), row.Bytes()),
        };
        return new(number, email);
    }

    private static IdempotencyKey? Key(string? key, string? hash) => key is null ? null : new(key, hash ?? "");
}
