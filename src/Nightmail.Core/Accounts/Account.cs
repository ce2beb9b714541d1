using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using NodaTime;

namespace Nightmail.Core.Accounts;

/// <summary>A sender: an address, a way out, and what it may do.</summary>
public sealed record Account
{
    /// <summary>Its name in the configuration: letters, digits, hyphen, underscore, dot.</summary>
    public required string Name { get; init; }

    /// <summary>The From mailbox of emails that name none.</summary>
    public required string From { get; init; }

    /// <summary>Further addresses, or <c>*@domain</c>, that an email's From may be.</summary>
    public IReadOnlyList<string> MaySendAs { get; init; } = [];

    /// <summary>The envelope sender; null: the address of the From header.</summary>
    public string? EnvelopeFrom { get; init; }

    /// <summary>True for an account of emails that name neither account nor From. Where several are, each of these emails goes out as whichever sends it.</summary>
    public bool IsDefault { get; init; }

    /// <summary>
    /// The From of emails that name neither account nor From, when they go through this one although another is the default: the
    /// default's, which this one may use too. Null: such emails do not go through it, or it is a default one itself.
    /// </summary>
    public string? StandsInAs { get; init; }

    /// <summary>False takes it out of service: nothing is sent through it, and its emails wait.</summary>
    public bool IsEnabled { get; init; } = true;

    /// <summary>Which accounts are preferred where several may send: the lowest number first.</summary>
    public int Priority { get; init; } = 1;

    /// <summary>Its share among accounts of the same priority: one of weight 2 gets twice as many emails as one of weight 1.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>The zone in which its days begin; null: UTC.</summary>
    public DateTimeZone? Zone { get; init; }

    /// <summary>The way out.</summary>
    public required TransportSettings Transport { get; init; }

    /// <summary>What it may do at once and over time.</summary>
    public AccountLimits Limits { get; init; } = new();

    /// <summary>The key its messages are signed with; null: they are not signed here.</summary>
    public DkimSettings? Dkim { get; init; }

    /// <summary>The From mailbox of an email that goes through it.</summary>
    public string FromOf(ScheduledEmail email) => email.Content.From ?? email.FrozenFrom ?? (email.Account == Name ? From : StandsInAs ?? From);

    /// <summary>True when the email may go through it: it is the one that the email names, or the email names none and it may use its From.</summary>
    public bool Suits(ScheduledEmail email)
    {
        var from = email.Content.From ?? email.FrozenFrom;
        if (email.Account is { } wanted) return Name == wanted && MaySend(from);
        return from is null ? IsDefault || StandsInAs is not null : MaySend(from);
    }

    /// <summary>The accounts with <see cref="StandsInAs"/> worked out.</summary>
    public static IReadOnlyList<Account> WithStandIns(IReadOnlyList<Account> accounts) =>
        [.. accounts.Select(account => account with { StandsInAs = account.IsDefault ? null : accounts.FirstOrDefault(other => other.IsDefault && account.MaySend(other.From))?.From })];

    /// <summary>True when a message of so many bytes may go through it.</summary>
    public bool TakesSize(long bytes) => bytes <= (Limits.MessageSize ?? long.MaxValue);

    /// <summary>True when an email with this From mailbox may go through it.</summary>
    public bool MaySend(string? from)
    {
        if (from is null) return true;
        if (!Mailbox.TryParse(from, out var wanted, out _)) return false;
        return MaySendAs.Prepend(From).Any(allowed => Allows(allowed, wanted));
    }

    private static bool Allows(string allowed, Mailbox wanted)
    {
        if (allowed.StartsWith("*@", StringComparison.Ordinal)) return string.Equals(allowed[2..], wanted.Domain, StringComparison.OrdinalIgnoreCase);
        return Mailbox.TryParse(allowed, out var mailbox, out _) && string.Equals(mailbox.Address, wanted.Address, StringComparison.OrdinalIgnoreCase);
    }
}

/// <summary>Limits of one account.</summary>
public sealed record AccountLimits
{
    /// <summary>Emails on their way at once, over all workers. Four keeps a small provider content and a slow one from stopping the rest.</summary>
    public int Connections { get; init; } = 4;

    /// <summary>Emails in any 60 seconds, over all workers; null: no limit.</summary>
    public int? PerMinute { get; init; }

    /// <summary>Emails in any 60 minutes; null: no limit.</summary>
    public int? PerHour { get; init; }

    /// <summary>Emails in a day of the account's zone; null: no limit.</summary>
    public int? PerDay { get; init; }

    /// <summary>Emails of one campaign, as long as it runs; null: no limit. Other accounts take the rest.</summary>
    public int? PerCampaign { get; init; }

    /// <summary>Recipients in one transaction. RFC 5321 4.5.3.1.8 asks every server to take 100.</summary>
    public int RecipientsPerTransaction { get; init; } = 100;

    /// <summary>Bytes of the largest message; null: no limit of its own. What is larger goes through another account, or fails where there is none.</summary>
    public long? MessageSize { get; init; }

    /// <summary>Emails over one connection before it is replaced.</summary>
    public int EmailsPerConnection { get; init; } = 100;
}

/// <summary>How an account's emails leave the house.</summary>
public abstract record TransportSettings
{
    private TransportSettings()
    {
    }

    /// <summary>An SMTP server.</summary>
    public sealed record Smtp : TransportSettings
    {
        /// <summary>Its name or address.</summary>
        public required string Host { get; init; }

        /// <summary>Its port: 587 with STARTTLS, 465 with TLS, 25 without unless set.</summary>
        public required int Port { get; init; }

        /// <summary>How the conversation is protected.</summary>
        public SmtpSecurity Security { get; init; } = SmtpSecurity.StartTls;

        /// <summary>How to log in; null: not at all.</summary>
        public SmtpLogin? Login { get; init; }

        /// <summary>False takes any certificate; only for accounts whose name says so.</summary>
        public bool CheckCertificate { get; init; } = true;

        /// <summary>What EHLO says; null: this machine's name.</summary>
        public string? HelloName { get; init; }

        /// <summary>What the server is asked to report, where it can (RFC 3461); null: nothing is said about it.</summary>
        public DeliveryReports? Reports { get; init; }
    }

    /// <summary>A program that takes one message on its standard input, as sendmail does.</summary>
    public sealed record Command : TransportSettings
    {
        /// <summary>
        /// The program and its arguments; no shell reads them. An argument <c>{recipients}</c> becomes one argument a recipient, <c>{from}</c>
        /// the envelope's sender. Without <c>{recipients}</c> the program takes them from the message.
        /// </summary>
        public required IReadOnlyList<string> Words { get; init; }

        /// <summary>How long it may run. A server may take ten minutes over its last answer; the rest is for coming so far.</summary>
        public TimeSpan TimeLimit { get; init; } = TimeSpan.FromMinutes(15);

        /// <summary>What exit codes mean, where they do not mean what sysexits says.</summary>
        public IReadOnlyDictionary<int, Verdict> ExitCodes { get; init; } = new Dictionary<int, Verdict>();

        /// <summary>True for a program that keeps bytes above 127; without it a complete message that holds some is refused.</summary>
        public bool TakesEightBit { get; init; }
    }

    /// <summary>A folder that gets one <c>.eml</c> file a message.</summary>
    public sealed record Folder(string Path) : TransportSettings;
}

/// <summary>How an SMTP conversation is protected.</summary>
public enum SmtpSecurity
{
    /// <summary>STARTTLS (RFC 3207), required.</summary>
    StartTls,

    /// <summary>TLS from the first byte (RFC 8314).</summary>
    Tls,

    /// <summary>In the clear.</summary>
    None,
}

/// <summary>A login.</summary>
/// <param name="Username">The name.</param>
/// <param name="Password">Where the password, or the access token, comes from; read when it is needed, never kept in a log.</param>
/// <param name="Mechanism">The one to use, upper-case; null: the strongest that both sides have.</param>
public sealed record SmtpLogin(string Username, SecretSource Password, string? Mechanism = null)
{
    /// <summary>True when <see cref="Password"/> gives an OAuth2 access token, which only OAUTHBEARER and XOAUTH2 take.</summary>
    public bool IsToken { get; init; }
}

/// <summary>A server's reports about what becomes of an email (RFC 3461).</summary>
/// <param name="Notify">When: <c>SUCCESS</c>, <c>FAILURE</c>, <c>DELAY</c>, or <c>NEVER</c> alone.</param>
/// <param name="ReturnsWhole">True when a report holds the whole message, false when its header only.</param>
public sealed record DeliveryReports(IReadOnlyList<string> Notify, bool ReturnsWhole = false);

/// <summary>What messages are signed with (RFC 6376).</summary>
/// <param name="Domain">The domain that vouches (<c>d=</c>).</param>
/// <param name="Selector">The name of the key below it (<c>s=</c>).</param>
/// <param name="KeyFile">The private key as PEM.</param>
public sealed record DkimSettings(string Domain, string Selector, string KeyFile);

/// <summary>Where a secret comes from.</summary>
public abstract record SecretSource
{
    private SecretSource()
    {
    }

    /// <summary>It stands in the configuration.</summary>
    public sealed record Literal(string Value) : SecretSource
    {
        /// <summary>Never the value.</summary>
        public override string ToString() => "Literal { *** }";
    }

    /// <summary>The first line that a shell command prints.</summary>
    public sealed record Command(string CommandLine) : SecretSource;

    /// <summary>An environment variable.</summary>
    public sealed record Environment(string Variable) : SecretSource;

    /// <summary>The first line of a file.</summary>
    public sealed record File(string Path) : SecretSource;

    /// <summary>An OAuth2 access token that is fetched with a refresh token (RFC 6749 6) and renewed before it ends.</summary>
    public sealed record Refresh : SecretSource
    {
        /// <summary>Where tokens are given out; https, or this machine.</summary>
        public required Uri TokenEndpoint { get; init; }

        /// <summary>Who we are to it.</summary>
        public required string ClientId { get; init; }

        /// <summary>What proves that; null for public clients.</summary>
        public SecretSource? ClientSecret { get; init; }

        /// <summary>The refresh token, which a person's login at the provider gave.</summary>
        public required SecretSource RefreshToken { get; init; }

        /// <summary>What the token is to be for; null: what it was for before.</summary>
        public string? Scope { get; init; }
    }
}
