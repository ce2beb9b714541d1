using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;

namespace Nightmail.Core.Delivery;

/// <summary>Says why a pending email has not left yet: what stands in its way first, then what it waits for.</summary>
internal static class WhyPending
{
    public static string Explain(ScheduledEmail email, WhyContext context)
    {
        if (Arbitration.IsExpired(email, context.Now)) return $"pending; too late: it is not wanted after {Why.At(email.NotAfter!.Value, context)}, and fails as expired when a worker looks";
        var sentence = Sentence(email, context);
        return Why.Any(email, RecipientStatus.Delivered) ? $"{sentence}; {Why.Share(email, RecipientStatus.Delivered, "has", "have")} it" : sentence;
    }

    private static string Sentence(ScheduledEmail email, WhyContext context)
    {
        if (context.SendingPaused) return $"{Due(email, context)}; sending is paused as a whole: {context.Command("resume --all")} goes on";
        if (NoRoute(email, context.Accounts) is { } obstacle) return $"{Due(email, context)}; {obstacle}";
        var held = WhyAccounts.Held(email, context);
        if (email.Due > context.Now) return $"{(held is null ? Waiting(email, context) : $"{Due(email, context)}; {held}")}{(context.WorkerRuns ? "" : $"; {Nobody(context)}")}";
        if (!context.WorkerRuns) return $"pending; {Nobody(context)} ({Due(email, context)}){(held is null ? Past(email) : $"; {held}")}";
        return $"{Due(email, context)}; {held ?? $"a worker is about to send it{Past(email)}"}";
    }

    private static string Nobody(WhyContext context) => $"nobody is running to send it: start {context.Starter ?? context.Command("run")}";

    private static string Due(ScheduledEmail email, WhyContext context) => $"due {Why.At(email.Due, context)}";

    /// <summary>What it waits for: its time, or the next attempt after what went wrong.</summary>
    private static string Waiting(ScheduledEmail email, WhyContext context)
    {
        var next = $"{Why.At(email.Due, context)} ({TimeWords.Relative(email.Due - context.Now)})";
        if (email.NextAttempt is null || email.NextAttempt < email.Due || email.Attempts == 0) return $"due {next}{Past(email)}";
        var words = Why.Words(email.LastError, "no reason given");
        var tries = email.Attempts == 1 ? "1 attempt" : $"{email.Attempts} attempts";
        if (email.LostClaims > 0) return $"{words} ({email.LostClaims} times in a row); next try {next}";
        if (email.AccountFailures > 0) return $"account {email.LastAccount ?? "?"} could not send: {words}; {tries} so far; next try {next}";
        if (email.Deferrals > 0) return $"deferred after {tries}: {words}; next try {next}";
        return $"{tries} so far; next try {next}";
    }

    private static string Past(ScheduledEmail email) => email is { LastError: { } error, Attempts: > 0 } ? $"; attempt {email.Attempts} came to: {Why.Words(error, "")}" : "";

    /// <summary>Null when at least one account may send it.</summary>
    private static string? NoRoute(ScheduledEmail email, IReadOnlyList<Account> accounts)
    {
        if (accounts.Any(account => account.Suits(email))) return null;
        if (accounts.Count == 0) return "no account is configured to send it";
        if (email.Account is not { } wanted)
            return (email.Content.From ?? email.FrozenFrom) is null ? "no account is the default one, and it names none" : "no account may send as its From address";
        return accounts.Any(account => account.Name == wanted)
            ? $"account {wanted} may not send as its From address"
            : $"account {wanted} is not in the configuration";
    }
}
