using System.Text;
using Nightmail.Core.Delivery;

namespace Nightmail.Mail.Smtp;

/// <summary>Logging in (RFC 4954).</summary>
internal static class SmtpAuthentication
{
    /// <summary>What we speak, best first. PLAIN takes one round trip, LOGIN three; under TLS they are equally safe.</summary>
    private static readonly string[] Mechanisms = ["PLAIN", "LOGIN"];

    /// <summary>Logs in, or says why not.</summary>
    /// <param name="channel">The conversation; protected, or its account asks for none.</param>
    /// <param name="capabilities">What the server offers.</param>
    /// <param name="username">The name.</param>
    /// <param name="password">The password; it appears in no words.</param>
    /// <param name="wanted">The mechanism the account insists on; null: the best that both have.</param>
    /// <exception cref="ConversationBrokenException">It was refused, or the connection is gone.</exception>
    public static async Task LoginAsync(SmtpChannel channel, ServerCapabilities capabilities, string username, string password, string? wanted)
    {
        channel.Phase = SmtpPhase.Auth;
        if (username.Contains('\0') || password.Contains('\0'))
            throw channel.Broken(AccountFaultReason.Configuration, "a NUL character cannot be part of a username or password");

        var mechanism = Choose(channel, capabilities, wanted);
        var reply = mechanism == "PLAIN"
            ? await PlainAsync(channel, username, password)
            : await LoginAsync(channel, username, password);
        var meaning = ReplyClassifier.Classify(SmtpStage.Auth, reply);
        if (meaning is ReplyMeaning.Accepted) return;

        var reason = meaning is ReplyMeaning.AccountFailure failure ? failure.Reason : AccountFaultReason.Auth;
        var words = Hide(reply, username, password);
        throw channel.Broken(reason, $"{mechanism} login refused: {words}", words);
    }

    private static string Choose(SmtpChannel channel, ServerCapabilities capabilities, string? wanted)
    {
        if (wanted is not null && !Mechanisms.Contains(wanted))
            throw channel.Broken(AccountFaultReason.Configuration, $"the login mechanism {wanted} is not known; use {string.Join(" or ", Mechanisms)}");
        var offered = capabilities.AuthMechanisms;
        if (offered.Count == 0) throw channel.Broken(AccountFaultReason.Auth, "the server offers no login");
        var mechanism = Array.Find(Mechanisms, ours => (wanted is null || ours == wanted) && offered.Contains(ours));
        return mechanism ?? throw channel.Broken(AccountFaultReason.Auth,
            $"the server offers the logins {string.Join(", ", offered)}, and none of them is {wanted ?? string.Join(" or ", Mechanisms)}");
    }

    /// <summary>RFC 4616, the response in the first line.</summary>
    private static async Task<Reply> PlainAsync(SmtpChannel channel, string username, string password)
    {
        var response = Base64($"\0{username}\0{password}");
        var reply = await channel.AskAsync($"AUTH PLAIN {response}");
        return reply.Code == 334 ? await channel.AskAsync(response) : reply;
    }

    private static async Task<Reply> LoginAsync(SmtpChannel channel, string username, string password)
    {
        var reply = await channel.AskAsync("AUTH LOGIN");
        if (reply.Code == 334) reply = await channel.AskAsync(Base64(username));
        return reply.Code == 334 ? await channel.AskAsync(Base64(password)) : reply;
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    /// <summary>A server that repeats what it was told must not bring the password into a log.</summary>
    private static Reply Hide(Reply reply, string username, string password)
    {
        var text = reply.Text;
        foreach (var secret in new[] { Base64($"\0{username}\0{password}"), Base64(password), password })
        {
            if (secret.Length > 0) text = text.Replace(secret, "***", StringComparison.Ordinal);
        }

        return reply with { Text = text };
    }
}
