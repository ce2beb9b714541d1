using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Core.Accounts;

/// <summary>What an attempt says about the account it went through.</summary>
public abstract record AccountFinding
{
    private const string PolicyClass = "5.7.";
    private static readonly Answered Works = new();

    private AccountFinding()
    {
    }

    /// <summary>Nothing: the account was not asked, or the attempt was broken off by us.</summary>
    public sealed record Nothing : AccountFinding;

    /// <summary>It could not send.</summary>
    public sealed record Failed(AccountFault Fault) : AccountFinding;

    /// <summary>The server gave its verdict on message or recipient: it works.</summary>
    /// <param name="Slowing">What it said besides when it wants less; null: nothing of the kind.</param>
    public sealed record Answered(AccountFault? Slowing = null) : AccountFinding;

    /// <summary>The server refused for reasons of policy (5.7.x): its verdict on the message, or its opinion of the sender.</summary>
    /// <param name="Domains">The domains of the refused recipients.</param>
    /// <param name="Words">The server's words.</param>
    public sealed record Refused(IReadOnlyList<string> Domains, string Words) : AccountFinding;

    /// <summary>Nobody knows what became of it.</summary>
    public sealed record Doubt : AccountFinding;

    /// <summary>What the outcome of an attempt says; null when the account was not asked.</summary>
    public static AccountFinding Of(DeliveryOutcome? outcome)
    {
        if (outcome is null) return new Nothing();
        // What nearly all come to.
        if (outcome is { Fault: null, Recipients: [{ Verdict: Verdict.Delivered }] }) return Works;
        // Whoever takes the email of one recipient lets the account send, whatever was said of another.
        if (outcome.Recipients.Any(each => each.Verdict == Verdict.Delivered) && outcome.Fault is { } aside) return new Answered(aside.WantsLess ? aside : null);
        if (outcome.Fault is { } fault) return new Failed(fault);
        if (outcome.Recipients.Any(each => each.Verdict == Verdict.InDoubt)) return new Doubt();
        if (outcome.Recipients.Any(each => each.Verdict == Verdict.Delivered)) return new Answered();
        var refused = outcome.Recipients.Where(IsPolicyRefusal).ToList();
        if (refused.Count > 0) return new Refused([.. refused.Select(DomainOf).Distinct(StringComparer.OrdinalIgnoreCase)], refused[^1].Reply!.ToString());
        return outcome.Recipients.Any(each => each.Verdict is Verdict.Bounced or Verdict.Deferred) ? new Answered() : new Nothing();
    }

    /// <summary>True when a recipient was refused for reasons of policy.</summary>
    public static bool IsPolicyRefusal(RecipientOutcome recipient) =>
        recipient is { Verdict: Verdict.Bounced, Reply.Enhanced: { } code } && code.StartsWith(PolicyClass, StringComparison.Ordinal);

    /// <summary>The same of a recipient as its row keeps it: the reply is one text there.</summary>
    public static bool IsPolicyRefusal(Recipient recipient) =>
        recipient is { Status: RecipientStatus.Rejected, Reply: { Length: > 4 } reply } && reply.AsSpan(4).StartsWith(PolicyClass, StringComparison.Ordinal);

    private static string DomainOf(RecipientOutcome recipient) => recipient.Address[(recipient.Address.LastIndexOf('@') + 1)..].ToLowerInvariant();
}

/// <summary>What a worker reports of an account when it records an attempt.</summary>
/// <param name="Finding">What the attempt says about it.</param>
/// <param name="Options">The circuit's numbers.</param>
public sealed record AccountReport(AccountFinding Finding, CircuitOptions Options);
