using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;
using Nightmail.Server.Api;

namespace Nightmail.Server.Accounts;

/// <summary>Turns an account of the API into one that sends, and says what is wrong with it.</summary>
internal static class AccountWords
{
    private const int SubmissionPort = 587, ImplicitTlsPort = 465, PlainPort = 25;
    private const int LongestName = 64;

    /// <summary>The account with its secret.</summary>
    /// <exception cref="ApiProblem">A field cannot be taken.</exception>
    public static Account Read(AccountShape shape, string? password)
    {
        if (shape.Name.Length is 0 or > LongestName || !shape.Name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.'))
            throw ApiProblem.Invalid("name", $"a name has letters, digits, hyphen, underscore and dot, at most {LongestName}");
        Address("from", shape.From);
        if (shape.EnvelopeFrom is { Length: > 0 } sender) Address("envelopeFrom", sender);
        foreach (var allowed in shape.MaySendAs)
            if (!allowed.StartsWith("*@", StringComparison.Ordinal)) Address("maySendAs", allowed);
        return new()
        {
            Name = shape.Name,
            From = shape.From,
            MaySendAs = shape.MaySendAs,
            EnvelopeFrom = shape.EnvelopeFrom,
            IsDefault = shape.Default,
            IsEnabled = shape.Enabled,
            Priority = Number("priority", shape.Priority, 1, 1000),
            Weight = Number("weight", shape.Weight, 1, 1000),
            Zone = shape.TimeZone is not { } name ? null
                : Core.Scheduling.TimeZoneRules.Default.TryFind(name, out var zone, out var error) ? zone : throw ApiProblem.Invalid("timeZone", error),
            Transport = Transport(shape.Transport, password),
            Limits = new()
            {
                Connections = Number("limits.connections", shape.Limits.Connections, 1, 1000),
                PerMinute = Cap("limits.perMinute", shape.Limits.PerMinute),
                PerHour = Cap("limits.perHour", shape.Limits.PerHour),
                PerDay = Cap("limits.perDay", shape.Limits.PerDay),
                PerCampaign = Cap("limits.perCampaign", shape.Limits.PerCampaign),
                MessageSize = shape.Limits.MessageSize is null or > 0 ? shape.Limits.MessageSize : throw ApiProblem.Invalid("limits.messageSize", "a number of bytes above 0"),
                RecipientsPerTransaction = Number("limits.recipientsPerTransaction", shape.Limits.RecipientsPerTransaction, 1, 100_000),
                EmailsPerConnection = Number("limits.emailsPerConnection", shape.Limits.EmailsPerConnection, 1, 1_000_000),
            },
        };
    }

    private static TransportSettings.Smtp Transport(TransportShape shape, string? password)
    {
        if (shape.Type != "smtp") throw ApiProblem.Invalid("transport.type", $"'{Shown(shape.Type)}' is not possible here; write smtp");
        if (shape.Host.Length is 0 or > 255 || shape.Host.Any(letter => char.IsControl(letter) || letter is ' ' or '/')) throw ApiProblem.Invalid("transport.host", "the name or address of a server");
        SmtpSecurity security = shape.Security switch
        {
            "starttls" => SmtpSecurity.StartTls,
            "tls" => SmtpSecurity.Tls,
            "none" => SmtpSecurity.None,
            _ => throw ApiProblem.Invalid("transport.security", $"'{Shown(shape.Security)}' is unknown; write starttls, tls or none"),
        };
        var port = shape.Port == 0 ? security switch { SmtpSecurity.Tls => ImplicitTlsPort, SmtpSecurity.None => PlainPort, _ => SubmissionPort } : Number("transport.port", shape.Port, 1, 65535);
        return new() { Host = shape.Host, Port = port, Security = security, CheckCertificate = shape.CheckCertificate, HelloName = shape.HelloName, Login = Login(shape.Auth, password) };
    }

    private static SmtpLogin? Login(AuthShape? auth, string? password)
    {
        if (auth is null) return null;
        if (auth.Username.Length is 0 or > 255) throw ApiProblem.Invalid("transport.auth.username", "the name to log in with");
        if (auth.Mechanism is not ("auto" or "plain" or "login")) throw ApiProblem.Invalid("transport.auth.mechanism", $"'{Shown(auth.Mechanism)}' is unknown; write auto, plain or login");
        if (string.IsNullOrEmpty(password)) throw ApiProblem.Invalid("transport.auth.password", "a login needs a password");
        return new(auth.Username, new SecretSource.Literal(password), auth.Mechanism == "auto" ? null : auth.Mechanism.ToUpperInvariant());
    }

    private static void Address(string field, string text)
    {
        if (!Mailbox.TryParse(text, out _, out var error)) throw ApiProblem.Invalid(field, $"'{Shown(text)}' is no address: {error}");
    }

    private static int? Cap(string field, int? value) => value is { } number ? Number(field, number, 1, 1_000_000_000) : null;

    private static int Number(string field, int value, int least, int most) =>
        value >= least && value <= most ? value : throw ApiProblem.Invalid(field, $"{value} is not between {least} and {most}");

    private static string Shown(string text) => Api.Printable.OneLine(text);
}
