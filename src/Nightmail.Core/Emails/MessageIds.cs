namespace Nightmail.Core.Emails;

/// <summary>The Message-ID (RFC 5322 section 3.6.4) of an email: the same in every attempt, on every machine.</summary>
public static class MessageIds
{
    /// <summary>The email's own, or one made from its id and the sender's domain; with angle brackets.</summary>
    /// <param name="email">The email.</param>
    /// <param name="fromDomain">The domain of the From address.</param>
    public static string For(ScheduledEmail email, string fromDomain) =>
        email.MessageId ?? $"<{email.Id.Unique}@{(fromDomain.Length == 0 ? "localhost" : fromDomain.ToLowerInvariant())}>";
}
