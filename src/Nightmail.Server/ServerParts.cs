using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Storage;

namespace Nightmail.Server;

/// <summary>What a server is made of. Stores and transports come from whoever composes the program.</summary>
public sealed record ServerParts
{
    /// <summary>The emails.</summary>
    public required IEmailStore Emails { get; init; }

    /// <summary>The emails of campaigns.</summary>
    public required ICampaignEmails CampaignEmails { get; init; }

    /// <summary>The bytes of attachments.</summary>
    public required IBlobStore Blobs { get; init; }

    /// <summary>Who sends.</summary>
    public required IAccountStore Accounts { get; init; }

    /// <summary>Who may use the API.</summary>
    public required IKeyStore Keys { get; init; }

    /// <summary>Words with places for variables.</summary>
    public required ITemplateStore Templates { get; init; }

    /// <summary>What many emails have in common.</summary>
    public required ICampaignStore Campaigns { get; init; }

    /// <summary>Who gets no campaign mail.</summary>
    public required ISuppressionStore Suppressions { get; init; }

    /// <summary>Every attempt.</summary>
    public required ISendLog SendLog { get; init; }

    /// <summary>What is done again and again; null: nothing is done by the clock.</summary>
    public IScheduledWorkStore? Work { get; init; }

    /// <summary>Takes old rows out of the send log; null: it keeps all.</summary>
    public ISendLogRetention? LogRetention { get; init; }

    /// <summary>What was changed of the settings.</summary>
    public required ISettingStore Settings { get; init; }

    /// <summary>The keys of requests that make something.</summary>
    public required IRequestKeyStore RequestKeys { get; init; }

    /// <summary>Copies of all that it keeps; null: there are none.</summary>
    public IBackups? Backups { get; init; }

    /// <summary>Writes and reads emails as they travel between stores.</summary>
    public required IEmailForm Form { get; init; }

    /// <summary>Writes messages.</summary>
    public required IMessageComposer Composer { get; init; }

    /// <summary>Makes the way out of an account, with these tries to connect.</summary>
    public required Func<Account, RetryPolicy, ITransport> Transport { get; init; }

    /// <summary>Looks whether an account could send, and sends nothing: why it could not, or null, and what the other side offers.</summary>
    public required Func<Account, CancellationToken, Task<(AccountFault? Fault, IReadOnlyList<string> Offers)>> CheckAccount { get; init; }

    /// <summary>Waits, limits, doubt, until the settings say otherwise.</summary>
    public DeliveryPolicy Delivery { get; init; } = new();

    /// <summary>The accounts' circuits, until the settings say otherwise.</summary>
    public CircuitOptions Circuit { get; init; } = new();

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>The dice.</summary>
    public required Random Random { get; init; }
}

/// <summary>How a server runs.</summary>
public sealed record ServerOptions
{
    /// <summary>The address it listens on unless told otherwise.</summary>
    public const string DefaultUrl = "http://127.0.0.1:8025";

    /// <summary>The folder in which its keys lie.</summary>
    public required string Folder { get; init; }

    /// <summary>The addresses it listens on.</summary>
    public IReadOnlyList<string> Urls { get; init; } = [DefaultUrl];

    /// <summary>True when a proxy in front of it speaks TLS, so that it may listen elsewhere than on this machine.</summary>
    public bool BehindProxy { get; init; }

    /// <summary>False: it answers and sends nothing.</summary>
    public bool Sends { get; init; } = true;

    /// <summary>The zone in which its scheduled work is meant, until a person names another.</summary>
    public string TimeZone { get; init; } = "UTC";

    /// <summary>Wrong keys and login links of one address that are answered at once; from then on it waits.</summary>
    public int FreeFailures { get; init; } = 10;

    /// <summary>The version of the program, for people.</summary>
    public string Version { get; init; } = "";

    /// <summary>Is told, one line each, what a person at the terminal should know.</summary>
    public required Action<string> Say { get; init; }
}
