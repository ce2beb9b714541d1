using System.Text.Json;
using Nightmail.Cli.Configuration;
using Nightmail.Cli.Printing;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using NodaTime;

namespace Nightmail.Cli.Running;

/// <summary>Puts what the engine does into words and into JSON. Neither names a recipient.</summary>
internal static class EventWords
{
    /// <summary>How much it matters.</summary>
    public static LogLevel LevelOf(EngineEvent happened) => happened switch
    {
        EngineEvent.Claimed => LogLevel.Debug,
        EngineEvent.AccountProbing or EngineEvent.AccountWorks => LogLevel.Information,
        EngineEvent.Recorded { Email.Status: EmailStatus.Sent or EmailStatus.Pending } => LogLevel.Information,
        EngineEvent.StoreFailed or EngineEvent.Faulted => LogLevel.Error,
        _ => LogLevel.Warning,
    };

    /// <summary>The word that names it.</summary>
    public static string NameOf(EngineEvent happened) => happened switch
    {
        EngineEvent.Claimed => "claimed",
        EngineEvent.Recorded { Email: { Status: EmailStatus.Pending, NextAttempt: null } } => "given_back",
        EngineEvent.Recorded { Email.Status: EmailStatus.Pending } => "deferred",
        EngineEvent.Recorded recorded => recorded.Email.Status.Name(),
        EngineEvent.ClaimLost => "claim_lost",
        EngineEvent.Expired => "expired",
        EngineEvent.Moved => "moved",
        EngineEvent.Rescued => "rescued",
        EngineEvent.AccountHeld => "account_held",
        EngineEvent.AccountProbing => "account_probing",
        EngineEvent.AccountWorks => "account_works",
        EngineEvent.AccountSlowed => "account_slowed",
        EngineEvent.StoreFailed => "store_failed",
        EngineEvent.Faulted => "fault",
        _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, null),
    };

    /// <summary>One line for people.</summary>
    /// <param name="happened">What happened.</param>
    /// <param name="zone">The zone to speak in.</param>
    /// <param name="command">A command of this program, as it can be pasted.</param>
    public static string Line(EngineEvent happened, DateTimeZone zone, Func<string, string> command) => happened switch
    {
        EngineEvent.Claimed claimed => $"claimed {claimed.Email} for {claimed.Account} (attempt {claimed.Attempt})",
        EngineEvent.Recorded recorded => Line(recorded, zone, command),
        EngineEvent.ClaimLost lost => $"left alone {lost.Email}: {lost.Why}",
        EngineEvent.Expired expired => $"expired {expired.Email.Id}: it was not wanted after {TimeWords.Short(expired.Email.NotAfter ?? expired.At, zone, expired.At)}{Reason(expired.Email)}",
        EngineEvent.Moved moved => $"moved {moved.Email.Id} from {TimeWords.Short(moved.Before, zone, moved.At)} to {TimeWords.Short(moved.Email.ScheduledFor, zone, moved.At)}: the rules of {moved.Email.Wish?.TimeZone} have changed",
        EngineEvent.Rescued rescued => $"rescued {rescued.Email.Id}: now {rescued.Email.Status.Name()}{Reason(rescued.Email)}",
        EngineEvent.AccountHeld held => $"account {held.Account} held until {TimeWords.Short(held.Until, zone, held.At)}: {held.Fault.Words}",
        EngineEvent.AccountProbing probing => $"account {probing.Account} is tried again with {probing.Email}",
        EngineEvent.AccountWorks works => $"account {works.Account} works again",
        EngineEvent.AccountSlowed slowed => $"account {slowed.Account} slowed down until {TimeWords.Short(slowed.Until, zone, slowed.At)}: {slowed.Words}",
        EngineEvent.StoreFailed failed => $"store: {failed.Message}",
        EngineEvent.Faulted fault => $"a fault in nightmail, please report it: {fault.Message}",
        _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, null),
    };

    /// <summary>The same as a JSON object.</summary>
    public static void Write(Utf8JsonWriter json, EngineEvent happened)
    {
        json.WriteStartObject();
        json.WriteString("event", NameOf(happened));
        json.WriteString("at", JsonText.Time(happened.At));
        switch (happened)
        {
            case EngineEvent.Claimed claimed:
                WriteAttempt(json, claimed.Email, claimed.Attempt, claimed.Account);
                break;
            case EngineEvent.Recorded recorded:
                WriteAttempt(json, recorded.Email.Id, recorded.Attempt, recorded.Account);
                WriteRow(json, recorded.Email);
                if (Lateness(recorded) is { } late) json.WriteNumber("lateMs", late.TotalMilliseconds);
                json.WriteNumber("tookMs", recorded.Took.TotalMilliseconds);
                break;
            case EngineEvent.ClaimLost lost:
                json.WriteString("id", lost.Email.ToString());
                json.WriteNumber("attempt", lost.Attempt);
                json.WriteString("reason", lost.Why);
                break;
            case EngineEvent.Expired expired:
                json.WriteString("id", expired.Email.Id.ToString());
                if (expired.Email.NotAfter is { } last) json.WriteString("notAfter", JsonText.Time(last));
                WriteRow(json, expired.Email);
                break;
            case EngineEvent.Moved moved:
                json.WriteString("id", moved.Email.Id.ToString());
                json.WriteString("before", JsonText.Time(moved.Before));
                json.WriteString("scheduledFor", JsonText.Time(moved.Email.ScheduledFor));
                break;
            case EngineEvent.Rescued rescued:
                json.WriteString("id", rescued.Email.Id.ToString());
                json.WriteString("status", rescued.Email.Status.Name());
                WriteRow(json, rescued.Email);
                break;
            case EngineEvent.AccountHeld held:
                json.WriteString("account", held.Account);
                json.WriteString("reason", held.Fault.Reason.ToString().ToLowerInvariant());
                json.WriteString("error", held.Fault.Words);
                json.WriteString("until", JsonText.Time(held.Until));
                break;
            case EngineEvent.AccountProbing probing:
                json.WriteString("account", probing.Account);
                json.WriteString("id", probing.Email.ToString());
                break;
            case EngineEvent.AccountWorks works:
                json.WriteString("account", works.Account);
                break;
            case EngineEvent.AccountSlowed slowed:
                json.WriteString("account", slowed.Account);
                json.WriteString("error", slowed.Words);
                json.WriteString("until", JsonText.Time(slowed.Until));
                break;
            case EngineEvent.StoreFailed failed:
                json.WriteString("error", failed.Message);
                break;
            case EngineEvent.Faulted fault:
                json.WriteString("error", fault.Message);
                break;
        }

        json.WriteEndObject();
    }

    /// <summary>From due to taken by the server; null where the email did not leave in its first attempt.</summary>
    public static TimeSpan? Lateness(EngineEvent.Recorded recorded) =>
        recorded is { Email: { Status: EmailStatus.Sent, SentAt: { } sent }, Attempt: 1 } ? sent - recorded.Email.ScheduledFor : null;

    private static string Line(EngineEvent.Recorded recorded, DateTimeZone zone, Func<string, string> command)
    {
        var email = recorded.Email;
        var through = $"{email.Id} through {recorded.Account}";
        return email.Status switch
        {
            EmailStatus.Sent => $"sent {through}: {Redaction.Mask(email.SentReply ?? "", email)}{(Lateness(recorded) is { } late ? $" ({late.TotalMilliseconds:0} ms after its time)" : "")}",
            EmailStatus.Pending when email.NextAttempt is { } next => $"deferred {through}{Reason(email)}; next try {TimeWords.Short(next, zone, recorded.At)}",
            EmailStatus.Pending => $"given back {email.Id}",
            EmailStatus.Failed => $"failed {through} ({email.Reason?.Name()}){Reason(email)}",
            EmailStatus.InDoubt => $"in doubt {through}{Reason(email)}; {command($"retry {email.Id}")} sends it again, {command($"mark-sent {email.Id}")} closes it",
            var status => $"{status.Name()} {through}{Reason(email)}",
        };
    }

    private static string Reason(ScheduledEmail email) => email.LastError is { } error ? $": {Redaction.Mask(error, email)}" : "";

    private static void WriteAttempt(Utf8JsonWriter json, EmailId id, int attempt, string account)
    {
        json.WriteString("id", id.ToString());
        json.WriteNumber("attempt", attempt);
        json.WriteString("account", account);
    }

    private static void WriteRow(Utf8JsonWriter json, ScheduledEmail email)
    {
        if (email is { Status: EmailStatus.Sent, SentReply: { } reply }) json.WriteString("reply", Redaction.Mask(reply, email));
        if (email.Status != EmailStatus.Sent && email.LastError is { } error) json.WriteString("error", Redaction.Mask(error, email));
        if (email.Reason is { } reason) json.WriteString("reason", reason.Name());
        if (email.NextAttempt is { } next) json.WriteString("nextAttempt", JsonText.Time(next));
    }
}
