using System.Text.Json.Serialization;

namespace Nightmail.Server.Accounts;

// Set, not init: what a request leaves out keeps its default only so, where the reader is generated.
/// <summary>An account as the API speaks of it: the shape of the configuration file, and its name. A secret goes in and never comes out.</summary>
public sealed record AccountShape
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The From mailbox of emails that name none.</summary>
    public required string From { get; init; }

    /// <summary>Further addresses, or <c>*@domain</c>.</summary>
    public IReadOnlyList<string> MaySendAs { get; set; } = [];

    /// <summary>The envelope sender; null: the address of the From header.</summary>
    public string? EnvelopeFrom { get; set; }

    /// <summary>True for the account of emails that name neither account nor From.</summary>
    public bool Default { get; set; }

    /// <summary>False takes it out of service.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Which accounts are preferred where several may send: the lowest number first.</summary>
    public int Priority { get; set; } = 1;

    /// <summary>Its share among accounts of the same priority.</summary>
    public int Weight { get; set; } = 1;

    /// <summary>The zone in which its days begin; null: UTC.</summary>
    public string? TimeZone { get; set; }

    /// <summary>The server it sends through.</summary>
    public required TransportShape Transport { get; init; }

    /// <summary>What it may do at once.</summary>
    public LimitsShape Limits { get; set; } = new();

    /// <summary>Its circuit as it stands. Only told: in a request it is passed over, so that what was read can be sent back.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public CircuitShape? Circuit { get; set; }
}

/// <summary>A way out. The API knows SMTP alone: a folder or a command would let a key reach into the server's machine.</summary>
public sealed record TransportShape
{
    /// <summary><c>smtp</c>.</summary>
    public required string Type { get; init; }

    /// <summary>The server's name or address.</summary>
    public required string Host { get; init; }

    /// <summary>Its port; 0: 587 with STARTTLS, 465 with TLS, 25 without.</summary>
    public int Port { get; set; }

    /// <summary><c>starttls</c>, <c>tls</c> or <c>none</c>.</summary>
    public string Security { get; set; } = "starttls";

    /// <summary>False takes any certificate.</summary>
    public bool CheckCertificate { get; set; } = true;

    /// <summary>What EHLO says; null: the machine's name.</summary>
    public string? HelloName { get; set; }

    /// <summary>How to log in; null: not at all.</summary>
    public AuthShape? Auth { get; set; }
}

/// <summary>A login.</summary>
public sealed record AuthShape
{
    /// <summary><c>auto</c>, <c>plain</c> or <c>login</c>.</summary>
    public string Mechanism { get; set; } = "auto";

    /// <summary>The name.</summary>
    public required string Username { get; init; }

    /// <summary>The password: only ever sent to the server. Left out of a change, the one that is kept stays.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Password { get; set; }
}

/// <summary>Limits of an account.</summary>
public sealed record LimitsShape
{
    /// <summary>Emails on their way at once.</summary>
    public int Connections { get; set; } = 4;

    /// <summary>Emails in any minute; null: no limit.</summary>
    public int? PerMinute { get; set; }

    /// <summary>Emails in any hour; null: no limit.</summary>
    public int? PerHour { get; set; }

    /// <summary>Emails in a day of the account's zone; null: no limit.</summary>
    public int? PerDay { get; set; }

    /// <summary>Emails of one campaign, as long as it runs, of which other accounts take the rest; null: no limit.</summary>
    public int? PerCampaign { get; set; }

    /// <summary>Bytes of the largest message; null: no limit of its own.</summary>
    public long? MessageSize { get; set; }

    /// <summary>Recipients in one transaction.</summary>
    public int RecipientsPerTransaction { get; set; } = 100;

    /// <summary>Emails over one connection.</summary>
    public int EmailsPerConnection { get; set; } = 100;
}
