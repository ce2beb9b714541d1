using Nightmail.Core.Campaigns;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Core.Storage;

/// <summary>One attempt in the send log.</summary>
public sealed record SendLogEntry
{
    /// <summary>Rises from row to row. 0 until the log has given it.</summary>
    public long Number { get; init; }

    /// <summary>When the attempt was recorded.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The email.</summary>
    public required EmailId Email { get; init; }

    /// <summary>Its campaign; null: it has none.</summary>
    public CampaignId? Campaign { get; init; }

    /// <summary>The attempt's number, 1 for the first.</summary>
    public required int Attempt { get; init; }

    /// <summary>How many attempts went before: 0 for the first.</summary>
    public int RetryCount => Attempt - 1;

    /// <summary>The account it went through.</summary>
    public required string Account { get; init; }

    /// <summary>The worker that made it; null: this log does not keep it, or did not yet.</summary>
    public string? Worker { get; init; }

    /// <summary>The first recipient, bare.</summary>
    public required string Recipient { get; init; }

    /// <summary>The email's status after it.</summary>
    public required EmailStatus Outcome { get; init; }

    /// <summary>The server's words, or ours where no server spoke.</summary>
    public string? Words { get; init; }

    /// <summary>The reply's three digits; null: no SMTP server spoke.</summary>
    public int? Code { get; init; }

    /// <summary>The enhanced status code; null: there was none.</summary>
    public string? Enhanced { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Took { get; init; }

    /// <summary>From the email's time to its server's answer; null: it did not leave in its first attempt, or this log does not keep it.</summary>
    public TimeSpan? Late { get; init; }

    /// <summary>The row for an attempt that is over. Pure.</summary>
    public static SendLogEntry Of(EngineEvent.Recorded recorded)
    {
        var email = recorded.Email;
        var words = email.Status == EmailStatus.Sent ? email.SentReply : email.LastError;
        var (code, enhanced) = ReplyCodes.Read(words);
        return new()
        {
            At = recorded.At,
            Email = email.Id,
            Campaign = email.Campaign,
            Attempt = recorded.Attempt,
            Account = recorded.Account,
            Worker = recorded.Worker?.Text,
            Recipient = email.AllRecipients() is [{ Address: var first }, ..] ? first : "",
            Outcome = email.Status,
            Words = words,
            Code = code,
            Enhanced = enhanced,
            Took = recorded.Took,
            Late = email is { Status: EmailStatus.Sent, SentAt: { } sent } && recorded.Attempt == 1 ? sent - email.ScheduledFor : null,
        };
    }
}

/// <summary>Which rows of the send log; everything that is set must hold.</summary>
/// <param name="Email">Only of this email.</param>
/// <param name="Campaign">Only of this campaign.</param>
/// <param name="Account">Only through this account.</param>
/// <param name="Outcome">Only with this outcome.</param>
/// <param name="Before">Only rows before this number: where the page before ended.</param>
/// <param name="After">Only rows after this number: what is new since.</param>
public sealed record SendLogFilter(EmailId? Email = null, CampaignId? Campaign = null, string? Account = null, EmailStatus? Outcome = null, long? Before = null, long? After = null);

/// <summary>The record of every attempt as people look at it, here or through a server.</summary>
public interface ISendLogView
{
    /// <summary>The newest rows first, at most <paramref name="most"/>.</summary>
    ValueTask<IReadOnlyList<SendLogEntry>> ListAsync(SendLogFilter filter, int most, CancellationToken cancellationToken);
}

/// <summary>Lets a send log forget.</summary>
public interface ISendLogRetention
{
    /// <summary>Takes out the rows from before a moment, some at a time so that no write takes long.</summary>
    /// <returns>How many.</returns>
    ValueTask<int> PruneAsync(DateTimeOffset before, CancellationToken cancellationToken);
}

/// <summary>The record of every attempt, for people. What decides about sending is the ledger.</summary>
public interface ISendLog : ISendLogView
{
    /// <summary>Keeps rows: whoever looks from now on finds them. A loss of power may take the last of them, where the store does not say more; nothing is decided by them.</summary>
    ValueTask AppendAsync(IReadOnlyList<SendLogEntry> entries, CancellationToken cancellationToken);
}
