using System.Diagnostics.CodeAnalysis;
using Nightmail.Core.Emails;

namespace Nightmail.Core.Campaigns;

/// <summary>An address, or a whole domain, that gets no campaign mail.</summary>
/// <param name="Target">The address, or <c>*@domain</c>; lower-case.</param>
/// <param name="Reason">Why, in a person's words.</param>
/// <param name="Since">Since when.</param>
public sealed record Suppression(string Target, string Reason, DateTimeOffset Since)
{
    private const string WholeDomain = "*@";

    /// <summary>Reads an address, <c>*@domain</c> or <c>@domain</c> into the form that is kept.</summary>
    public static bool TryReadTarget(string text, [NotNullWhen(true)] out string? target, [NotNullWhen(false)] out string? error)
    {
        (target, error) = (null, null);
        var bare = text.Trim();
        var isDomain = bare.StartsWith(WholeDomain, StringComparison.Ordinal) || bare.StartsWith('@');
        var probe = isDomain ? "anybody" + bare[bare.IndexOf('@', StringComparison.Ordinal)..] : bare;
        if (!Mailbox.TryParse(probe, out var mailbox, out error)) return false;
        target = isDomain ? WholeDomain + DomainOf(mailbox.Address) : Fold(mailbox.Address);
        return true;
    }

    /// <summary>What is looked up to know whether an address is suppressed: itself and its whole domain.</summary>
    public static IReadOnlyList<string> TargetsFor(string address) => [Fold(address), WholeDomain + DomainOf(address)];

    private static string DomainOf(string address) => Fold(address[(address.LastIndexOf('@') + 1)..]);

    // Letters of an address are compared without case: who does not want mail means every spelling.
    private static string Fold(string address) => address.ToLowerInvariant();
}
