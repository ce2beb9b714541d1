namespace Nightmail.Core.Emails;

/// <summary>The Message-ID of an email: one place, so that every attempt and every face names the same.</summary>
public static class MessageIds
{
    /// <summary>What stands for a domain that cannot be written in a Message-ID. Reserved by RFC 2606, so it is nobody's.</summary>
    private const string NoDomain = "nightmail.invalid";

    /// <summary>
    /// The Message-ID the email carries, or <c>&lt;32hex@domain&gt;</c> from its id and the sender's domain; the same in every attempt.
    /// </summary>
    /// <param name="email">The email.</param>
    /// <param name="fromDomain">The domain of its From, as worded; an internationalised one is written in ASCII.</param>
    public static string For(ScheduledEmail email, string fromDomain) => email.MessageId ?? $"<{email.Id.UniqueSpan}@{Ascii(fromDomain)}>";

    private static string Ascii(string domain) =>
        DomainName.TryToAscii(domain, out var ascii) && !ascii.AsSpan().ContainsAnyExceptInRange('!', '~') ? ascii.ToLowerInvariant() : NoDomain;
}
