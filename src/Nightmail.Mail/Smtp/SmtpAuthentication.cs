using System.Buffers.Text;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Smtp.Sasl;

namespace Nightmail.Mail.Smtp;

/// <summary>Logging in (RFC 4954).</summary>
internal static class SmtpAuthentication
{
    /// <summary>
    /// What we speak with a password, best first: SCRAM-SHA-256 keeps it to itself and has the server prove that it knows it; under TLS the
    /// next two are equally safe, PLAIN in fewer round trips; CRAM-MD5 is broken, and only for who has nothing else.
    /// </summary>
    private static readonly string[] WithPassword = ["SCRAM-SHA-256", "PLAIN", "LOGIN", "CRAM-MD5"];

    /// <summary>What we speak with an access token: the standard before what it was made from.</summary>
    private static readonly string[] WithToken = ["OAUTHBEARER", "XOAUTH2"];

    /// <summary>Longest command line (RFC 5321 4.5.3.1.4), its end not counted. A first response that does not fit waits for the server's empty challenge (RFC 4954 4).</summary>
    private const int MaxCommand = 510;

    /// <summary>More questions than any mechanism has.</summary>
    private const int MaxChallenges = 4;

    /// <summary>Logs in, or says why not.</summary>
    /// <param name="channel">The conversation; protected, or its account asks for none.</param>
    /// <param name="capabilities">What the server offers.</param>
    /// <param name="settings">The account's server, with its login.</param>
    /// <param name="secret">The password or access token; it appears in no words.</param>
    /// <exception cref="ConversationBrokenException">It was refused, or the connection is gone.</exception>
    public static async Task LoginAsync(SmtpChannel channel, ServerCapabilities capabilities, TransportSettings.Smtp settings, string secret)
    {
        channel.Phase = SmtpPhase.Auth;
        var login = settings.Login!;
        if (login.Username.Contains('\0') || secret.Contains('\0'))
            throw channel.Broken(AccountFaultReason.Configuration, "a NUL character cannot be part of a username or password");
        if (login.IsToken && (login.Username + secret).Any(char.IsControl))
            throw channel.Broken(AccountFaultReason.Configuration, "a control character cannot be part of a username or access token");

        var name = Choose(channel, capabilities, login);
        SaslMechanism mechanism;
        Reply reply;
        try
        {
            mechanism = Make(name, settings, secret);
            reply = await AskAsync(channel, name, mechanism);
        }
        catch (SaslException ended)
        {
            throw channel.Broken(ended.Reason, ended.Message);
        }

        var meaning = ReplyClassifier.Classify(SmtpStage.Auth, reply);
        if (meaning is ReplyMeaning.Accepted && mechanism.IsProved) return;
        if (meaning is ReplyMeaning.Accepted)
            throw channel.Broken(AccountFaultReason.Auth, $"the server took the {name} login without proving that it knows the password, so it is not the server it says it is");

        var reason = meaning is ReplyMeaning.AccountFailure failure ? failure.Reason : AccountFaultReason.Auth;
        var words = Hide(reply, login.Username, secret, mechanism);
        throw channel.Broken(reason, $"{name} login refused: {words}{(mechanism.Hint is { } hint ? $" ({hint})" : "")}", words);
    }

    private static string Choose(SmtpChannel channel, ServerCapabilities capabilities, SmtpLogin login)
    {
        var wanted = login.Mechanism;
        var ours = login.IsToken ? WithToken : WithPassword;
        if (wanted is not null && !ours.Contains(wanted))
            throw channel.Broken(AccountFaultReason.Configuration, $"the login mechanism {wanted} is not known{(login.IsToken ? " for access tokens" : "")}; use {string.Join(" or ", ours)}");
        var offered = capabilities.AuthMechanisms;
        if (offered.Count == 0) throw channel.Broken(AccountFaultReason.Auth, "the server offers no login");
        var mechanism = Array.Find(ours, each => (wanted is null || each == wanted) && offered.Contains(each));
        return mechanism ?? throw channel.Broken(AccountFaultReason.Auth,
            $"the server offers the logins {string.Join(", ", offered)}, and none of them is {wanted ?? string.Join(" or ", ours)}");
    }

    private static SaslMechanism Make(string name, TransportSettings.Smtp settings, string secret) => name switch
    {
        "PLAIN" => new PlainMechanism(settings.Login!.Username, secret),
        "LOGIN" => new LoginMechanism(settings.Login!.Username, secret),
        "CRAM-MD5" => new CramMd5Mechanism(settings.Login!.Username, secret),
        "SCRAM-SHA-256" => new ScramSha256Mechanism(settings.Login!.Username, secret),
        "XOAUTH2" => new XOAuth2Mechanism(settings.Login!.Username, secret),
        "OAUTHBEARER" => new OAuthBearerMechanism(settings.Login!.Username, secret, settings.Host, settings.Port),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
    };

    /// <summary>Question and answer until the server has decided.</summary>
    /// <exception cref="SaslException">The client ends it; the server was told so (RFC 4954 4).</exception>
    private static async Task<Reply> AskAsync(SmtpChannel channel, string name, SaslMechanism mechanism)
    {
        var first = mechanism.Initial is { } initial ? Convert.ToBase64String(initial) : null;
        var command = $"AUTH {name}";
        // What has no first word, or none that fits, waits for an empty challenge.
        var said = first is not null && command.Length + 1 + first.Length <= MaxCommand;
        var reply = await channel.AskAsync(said ? $"{command} {first}" : command);
        for (var challenges = 0; reply.Code == 334 && challenges < MaxChallenges; challenges++)
        {
            // Some servers ask for a first word that they have been given.
            if (challenges == 0 && first is not null && (!said || reply.Text.Length == 0))
            {
                reply = await channel.AskAsync(first);
                continue;
            }

            string answer;
            try
            {
                answer = Convert.ToBase64String(mechanism.Respond(Decode(mechanism, reply.Text)));
            }
            catch (SaslException)
            {
                await CancelAsync(channel);
                throw;
            }

            reply = await channel.AskAsync(answer);
        }

        return reply;
    }

    private static async Task CancelAsync(SmtpChannel channel)
    {
        try
        {
            await channel.AskAsync("*");
        }
        catch (ConversationBrokenException)
        {
            // It is over either way; why it is matters more.
        }
    }

    /// <summary>A challenge's bytes. LOGIN's prompts are for people, and some servers do not even encode them.</summary>
    private static byte[] Decode(SaslMechanism mechanism, string text)
    {
        if (mechanism is LoginMechanism) return [];
        return Base64.IsValid(text) ? Convert.FromBase64String(text) : throw new SaslException("the server's challenge is not base64");
    }

    /// <summary>A server that repeats what it was told must not bring the secret into a log.</summary>
    private static Reply Hide(Reply reply, string username, string secret, SaslMechanism mechanism)
    {
        var text = reply.Text;
        var said = mechanism.Initial is { } initial ? Convert.ToBase64String(initial) : "";
        foreach (var hidden in new[] { said, Base64Of($"\0{username}\0{secret}"), Base64Of(secret), secret })
        {
            if (hidden.Length > 0) text = text.Replace(hidden, "***", StringComparison.Ordinal);
        }

        return reply with { Text = text };
    }

    private static string Base64Of(string text) => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text));
}
