using Nightmail.Core.Campaigns;

namespace Nightmail.Core.Emails;

/// <summary>
/// One email as the store keeps it: the message, its time, and how far it is. A value; every change makes a new one,
/// written by the store in one guarded step.
/// </summary>
public sealed record ScheduledEmail
{
    /// <summary>Its name for ever.</summary>
    public required EmailId Id { get; init; }

    /// <summary>The message and its recipients as worded.</summary>
    public required EmailContent Content { get; init; }

    /// <summary>The instant it is meant to leave at.</summary>
    public required DateTimeOffset ScheduledFor { get; init; }

    /// <summary>The wall-clock wish behind <see cref="ScheduledFor"/>; null when an instant was asked for.</summary>
    public Wish? Wish { get; init; }

    /// <summary>When it was scheduled.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its row last changed.</summary>
    public DateTimeOffset LastModified { get; init; }

    /// <summary>Where it is in its life.</summary>
    public EmailStatus Status { get; init; }

    /// <summary>Set while <see cref="Status"/> is failed.</summary>
    public FailureReason? Reason { get; init; }

    /// <summary>The account it must go through; null: any that may send it.</summary>
    public string? Account { get; init; }

    /// <summary>The account of the last attempt.</summary>
    public string? LastAccount { get; init; }

    /// <summary>How often it was claimed; the last claim's attempt number. 0: never.</summary>
    public int Attempts { get; init; }

    /// <summary>When it was last claimed.</summary>
    public DateTimeOffset? LastAttempt { get; init; }

    /// <summary>Not claimed before this; null: no wait beyond <see cref="ScheduledFor"/>.</summary>
    public DateTimeOffset? NextAttempt { get; init; }

    /// <summary>After this instant it is not sent but fails as expired; null: late is fine.</summary>
    public DateTimeOffset? NotAfter { get; init; }

    /// <summary>The worker whose claim it is under; set exactly while <see cref="Status"/> is sending.</summary>
    public string? ClaimedBy { get; init; }

    /// <summary>Claims in a row that were lost before they began. 5 pause the email.</summary>
    public int LostClaims { get; init; }

    /// <summary>How often a server deferred it since it was last made pending by a person.</summary>
    public int Deferrals { get; init; }

    /// <summary>How often in a row an account could not send it.</summary>
    public int AccountFailures { get; init; }

    /// <summary>The accounts that could not send it, since it was last tried with another result. Any other may take it without waiting.</summary>
    public IReadOnlyList<string> FailedAccounts { get; init; } = [];

    /// <summary>When a person last asked for it to be tried again; giving up counts from here, or from <see cref="ScheduledFor"/> when null.</summary>
    public DateTimeOffset? RetriedAt { get; init; }

    /// <summary>The last thing that went wrong, in the server's words where there are any.</summary>
    public string? LastError { get; init; }

    /// <summary>The server's words when it took the email.</summary>
    public string? SentReply { get; init; }

    /// <summary>When a server took the last recipient.</summary>
    public DateTimeOffset? SentAt { get; init; }

    /// <summary>Its recipients once they differ; empty: all of the content's are pending.</summary>
    public IReadOnlyList<Recipient> Recipients { get; init; } = [];

    /// <summary>The Message-ID it carries, with angle brackets; null: derived from id and sender's domain.</summary>
    public string? MessageId { get; init; }

    /// <summary>The Date header, frozen at the first begin.</summary>
    public DateTimeOffset? Date { get; init; }

    /// <summary>The From header, frozen at the first begin when the content names none.</summary>
    public string? FrozenFrom { get; init; }

    /// <summary>The sequence number of its last ledger entry that this row has taken in; 0: none.</summary>
    public long LedgerLast { get; init; }

    /// <summary>The key that makes a repeated schedule call return this email, with a hash of the request as worded.</summary>
    public IdempotencyKey? IdempotencyKey { get; init; }

    /// <summary>Who scheduled it (<c>user@host</c>), for people.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>
    /// The campaign whose recipient it is; null: an email of its own. A campaign's email waits for the campaign too: while that is a
    /// draft, paused or cancelled it is neither claimed nor begun. Its words are the campaign's, put in when it is sent.
    /// </summary>
    public CampaignId? Campaign { get; init; }

    /// <summary>What the campaign's template may use for this recipient: a JSON object; null: nothing.</summary>
    public string? Variables { get; init; }

    /// <summary>When it is next meant to be tried: the later of its time and the wait after an attempt.</summary>
    public DateTimeOffset Due => NextAttempt is { } next && next > ScheduledFor ? next : ScheduledFor;

    /// <summary>When it may be tried through that account: the wait after an account's failure concerns only the accounts that failed.</summary>
    public DateTimeOffset DueThrough(string account) => FailedAccounts.Count > 0 && !FailedAccounts.Contains(account) ? ScheduledFor : Due;

    /// <summary>The soonest first; those due together in the order of their ids. A comparison, because ordering by keys of our own types is compiled anew at every start of the program.</summary>
    public static int CompareDue(ScheduledEmail left, ScheduledEmail right)
    {
        var byTime = left.Due.CompareTo(right.Due);
        return byTime != 0 ? byTime : left.Id.CompareTo(right.Id);
    }

    /// <summary>Every recipient with its state, in the order of the envelope, each address once.</summary>
    public IReadOnlyList<Recipient> AllRecipients() => Recipients.Count > 0 ? Recipients : FreshRecipients();

    /// <summary>All recipients of the content, pending.</summary>
    public IReadOnlyList<Recipient> FreshRecipients()
    {
        var addresses = Content.Addresses;
        var fresh = new Recipient[addresses.Count];
        for (var index = 0; index < fresh.Length; index++) fresh[index] = new(addresses[index]);
        return fresh;
    }
}

/// <summary>A caller's key for one schedule call.</summary>
/// <param name="Key">1 to 255 printable characters.</param>
/// <param name="RequestHash">SHA-256 of the request as worded, lower-case hex.</param>
public sealed record IdempotencyKey(string Key, string RequestHash);
