using Nightmail.Core.Accounts;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using NodaTime;

namespace Nightmail.Core.Delivery;

/// <summary>What else there is to know when an email's state is put into words.</summary>
public sealed record WhyContext
{
    /// <summary>The present.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>The zone to speak in.</summary>
    public required DateTimeZone Zone { get; init; }

    /// <summary>Whether any worker lives that could send it.</summary>
    public required bool WorkerRuns { get; init; }

    /// <summary>Whether sending is paused as a whole.</summary>
    public bool SendingPaused { get; init; }

    /// <summary>The accounts of the configuration.</summary>
    public required IReadOnlyList<Account> Accounts { get; init; }

    /// <summary>How the accounts stand now; empty where nobody knows, and then all of them are taken to be well.</summary>
    public IReadOnlyList<AccountStanding> Standings { get; init; } = [];

    /// <summary>How many emails of a campaign an account has taken, where its limits name a campaign's.</summary>
    public IReadOnlyDictionary<(string Account, CampaignId Campaign), long> Taken { get; init; } = new Dictionary<(string, CampaignId), long>();

    /// <summary>What a command that is named in the sentence needs besides its words to work on this store: <c>--queue /tmp/q.json</c>; empty: nothing.</summary>
    public string CommandOptions { get; init; } = "";

    /// <summary>What to start where nobody sends, for a store whose emails no command of a person sends; null: <c>run</c>.</summary>
    public string? Starter { get; init; }

    /// <summary>The <see cref="Starter"/> of a server's emails.</summary>
    public const string ServerStarter = "the server without --no-workers";

    /// <summary>A command as it can be pasted into a terminal, quoted as a person quotes it in a sentence.</summary>
    internal string Command(string words) => $"`nightmail {words}{(CommandOptions.Length == 0 ? "" : $" {CommandOptions}")}`";

    /// <summary>The same for a command that takes an email's id.</summary>
    internal string Command(string verb, ScheduledEmail email) => Command($"{verb} {email.Id}");
}

/// <summary>The one sentence that says why an email is where it is, and when what comes next. One function for every face.</summary>
public static class Why
{
    /// <summary>The sentence: no line break, no body, no address. A time of today stands alone; any other has its date and zone.</summary>
    public static string Explain(ScheduledEmail email, WhyContext context) => email.Status switch
    {
        EmailStatus.Pending => WhyPending.Explain(email, context),
        EmailStatus.Sending => Sending(email, context),
        EmailStatus.Paused => Paused(email, context),
        EmailStatus.Sent => Sent(email, context),
        EmailStatus.Failed => Failed(email, context),
        EmailStatus.Cancelled => Cancelled(email, context),
        EmailStatus.InDoubt => InDoubt(email, context),
        _ => throw new ArgumentOutOfRangeException(nameof(email), email.Status, null),
    };

    /// <summary>A time of today alone, any other with its date and zone; with milliseconds where a row has them and it matters.</summary>
    public static string At(DateTimeOffset instant, WhyContext context, bool milliseconds = false)
    {
        var text = TimeWords.Short(instant, context.Zone, context.Now, milliseconds);
        return text.Contains(' ') ? $"{text} {context.Zone.Id}" : text;
    }

    /// <summary>The words of a server or a fault without anybody's address and in one line; <paramref name="otherwise"/> where there are none.</summary>
    internal static string Words(string? words, string otherwise) => string.IsNullOrWhiteSpace(words) ? otherwise : Discretion.WithoutAddresses(words);

    /// <summary>How many of all, with the verb that suits: <c>1 of 3 recipients has it</c>.</summary>
    internal static string Share(ScheduledEmail email, RecipientStatus status, string one, string many)
    {
        var all = email.AllRecipients();
        var count = all.Count(recipient => recipient.Status == status);
        return $"{count} of {all.Count} {(all.Count == 1 ? "recipient" : "recipients")} {(count == 1 ? one : many)}";
    }

    internal static bool Any(ScheduledEmail email, RecipientStatus status) => email.Recipients.Any(recipient => recipient.Status == status);

    private static string Sending(ScheduledEmail email, WhyContext context)
    {
        var since = email.LastAttempt is { } at ? $" since {At(at, context)}" : "";
        var through = email.LastAccount is { } account ? $" through account {account}" : "";
        var gone = context.WorkerRuns ? "" : $"; its worker is gone: the next {context.Command("run")} finds out what became of it";
        return $"being sent{since} (attempt {email.Attempts}{through}){gone}";
    }

    private static string Paused(ScheduledEmail email, WhyContext context)
    {
        if (email.LostClaims >= Rescue.LostClaimLimit || Settlement.IsHeld(email)) return $"paused: {Words(email.LastError, "its worker was lost again and again")}";
        var due = email.Due <= context.Now ? "was due" : "due";
        return $"paused; {context.Command("resume", email)} lets it go ({due} {At(email.Due, context)})";
    }

    private static string Sent(ScheduledEmail email, WhyContext context)
    {
        var at = email.SentAt is { } sent ? $" {At(sent, context, milliseconds: true)}" : "";
        var through = email.LastAccount is { } account ? $" through {account}" : "";
        return $"sent{at}{through}: {Words(email.SentReply, "taken")}{Refused(email)}";
    }

    private static string Cancelled(ScheduledEmail email, WhyContext context)
    {
        var at = email.LastModified == default ? "" : $" {At(email.LastModified, context)}";
        return Any(email, RecipientStatus.Delivered)
            ? $"cancelled{at}; {Share(email, RecipientStatus.Delivered, "has", "have")} it, it will not be sent to anybody else"
            : $"cancelled{at}; it will not be sent";
    }

    private static string Failed(ScheduledEmail email, WhyContext context)
    {
        var tries = email.Attempts == 1 ? "1 attempt" : $"{email.Attempts} attempts";
        var last = email.LastAttempt is { } at ? $", the last {At(at, context)}" : "";
        var what = email.Reason switch
        {
            FailureReason.Bounced => $"refused for good after {tries}{last}: {Words(email.LastError, "no reason given")}",
            FailureReason.GaveUp => $"given up after {tries}{last}: {Words(email.LastError, "no reason given")}",
            FailureReason.Expired => $"not sent: it was not wanted after {(email.NotAfter is { } end ? At(end, context) : "its time")}{(email.LastError is null ? "" : $"; before that: {Words(email.LastError, "")}")}",
            FailureReason.Invalid => $"no message can be written from it: {Words(email.LastError, "no reason given")}",
            FailureReason.Render => $"its template cannot be rendered: {Words(email.LastError, "no reason given")}",
            _ => Words(email.LastError, "no reason given"),
        };
        var have = Any(email, RecipientStatus.Delivered) ? $"; {Share(email, RecipientStatus.Delivered, "has", "have")} it" : "";
        var next = email.Reason is FailureReason.Expired ? $"{context.Command("retry", email)} sends it all the same" : $"{context.Command("retry", email)} tries again";
        return $"failed ({email.Reason?.Name() ?? "unknown"}): {what}{have}; {next}";
    }

    private static string InDoubt(ScheduledEmail email, WhyContext context)
    {
        var have = Any(email, RecipientStatus.Delivered) ? $", {Share(email, RecipientStatus.Delivered, "has", "have")} it" : "";
        return $"in doubt: {Share(email, RecipientStatus.InDoubt, "may have it", "may have it")}{have} ({Words(email.LastError, "no answer came")}); "
            + $"{context.Command("retry", email)} sends to those again, {context.Command("mark-sent", email)} closes it";
    }

    private static string Refused(ScheduledEmail email)
    {
        if (!Any(email, RecipientStatus.Rejected)) return "";
        var reply = email.Recipients.Last(recipient => recipient.Status == RecipientStatus.Rejected).Reply;
        return $"; {Share(email, RecipientStatus.Rejected, "was refused", "were refused")}: {Words(reply, "no reason given")}";
    }
}
