using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Testing.Store;

/// <summary>One place where emails are kept, and the processes that share it. Each kind of store has its own.</summary>
public abstract class StoreWorld : IAsyncDisposable
{
    /// <summary>The clock of every process.</summary>
    public ManualTime Time { get; } = new();

    /// <summary>A new process with its store.</summary>
    public abstract IEmailStore Open();

    /// <summary>The attachments as that process sees them.</summary>
    public abstract IBlobStore BlobsOf(IEmailStore store);

    /// <summary>The process dies where it stands: its locks go, nothing else happens.</summary>
    public abstract ValueTask KillAsync(IEmailStore store, IWorkerPresence presence);

    /// <summary>What a backup of the rows holds; the ledger is not in it.</summary>
    public abstract object SaveRows();

    /// <summary>Brings the rows of a backup back, as they were.</summary>
    public abstract void RestoreRows(object saved);

    /// <inheritdoc/>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return default;
    }
}

/// <summary>Emails, accounts and steps of an attempt, as tests word them.</summary>
public static class Given
{
    /// <summary>The account of emails that name none.</summary>
    public static Account Account { get; } = new() { Name = "work", From = "Ada <ada@example.org>", IsDefault = true, Transport = new TransportSettings.Folder("/nowhere"), Limits = new() { Connections = 1000 } };

    /// <summary>What <see cref="Account"/> alone can take.</summary>
    public static AccountCapacities Capacity(int free = 100) => new([(Account, free)]);

    /// <summary>A new email that is due after <paramref name="wait"/>.</summary>
    public static ScheduledEmail Email(TimeProvider time, TimeSpan wait = default, params string[] to) => new()
    {
        Id = EmailId.New(time),
        Content = new() { To = to.Length == 0 ? ["grace@example.net"] : to, Subject = "Grüße", Text = "Hello\nworld\n" },
        ScheduledFor = time.GetUtcNow() + wait,
        CreatedAt = time.GetUtcNow(),
        LastModified = time.GetUtcNow(),
    };

    /// <summary>The begin of a claim's transaction, every recipient accepted unless refused.</summary>
    public static LedgerEntry Begin(Claim claim, TimeProvider time, int transaction = 0, params RecipientOutcome[] refused) => new()
    {
        Kind = LedgerKind.Begin, Email = claim.Email.Id, At = time.GetUtcNow(), Attempt = claim.Attempt, Transaction = transaction,
        Worker = claim.Owner.Text, Account = claim.Account,
        Recipients =
        [
            .. claim.Email.AllRecipients().Where(each => each.Status == RecipientStatus.Pending && !refused.Any(other => other.Address == each.Address))
                .Select(each => new RecipientOutcome(each.Address, Verdict.Untried)),
            .. refused,
        ],
    };

    /// <summary>The result of an attempt in which every recipient had the same verdict.</summary>
    public static AttemptResult Result(Claim claim, Verdict verdict, TimeProvider time, bool begun = true)
    {
        var reply = verdict == Verdict.Delivered ? new Reply(250, "2.0.0", "Ok") : new Reply(451, "4.7.1", "later");
        string[] open = [.. claim.Email.AllRecipients().Where(each => each.Status == RecipientStatus.Pending).Select(each => each.Address)];
        var outcome = DeliveryOutcome.Of(verdict, open, reply, begun);
        var row = Lifecycle.After(claim.Email, outcome, new(), time.GetUtcNow(), new Random(1));
        return new(row, begun ? Outcome(claim, outcome, row, time) : null);
    }

    /// <summary>The ledger's entry for an outcome.</summary>
    public static LedgerEntry Outcome(Claim claim, DeliveryOutcome outcome, ScheduledEmail? row, TimeProvider time) => new()
    {
        Kind = LedgerKind.Outcome, Email = claim.Email.Id, At = time.GetUtcNow(), Attempt = claim.Attempt, Account = claim.Account,
        Recipients = outcome.Recipients, Fault = outcome.Fault, NextAttempt = row?.NextAttempt,
    };

    /// <summary>All that an email says, lists written out, so that two can be compared.</summary>
    public static string Words(ScheduledEmail email)
    {
        var content = email.Content;
        return string.Join('\n',
            (email with { Content = new(), Recipients = [] }).ToString(), (content with { To = [], Cc = [], Bcc = [], Headers = [], Attachments = [] }).ToString(),
            string.Join(" | ", content.To), string.Join(" | ", content.Cc), string.Join(" | ", content.Bcc),
            string.Join(" | ", content.Headers), string.Join(" | ", content.Attachments), string.Join(" | ", email.Recipients))
            .Replace("System.String[]", "", StringComparison.Ordinal);
    }
}
