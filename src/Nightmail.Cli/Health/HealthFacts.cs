using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Health;

namespace Nightmail.Cli.Health;

/// <summary>Everything that the health of a queue is judged by, at one moment.</summary>
internal sealed record HealthFacts
{
    /// <summary>The present.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>The file; null: the emails are on a server.</summary>
    public required QueueFileFacts? File { get; init; }

    /// <summary>The server; null: the emails are in a file.</summary>
    public ServerFacts? Server { get; init; }

    /// <summary>The emails; none when they cannot be read.</summary>
    public IReadOnlyList<ScheduledEmail> Emails { get; init; } = [];

    /// <summary>True while sending is paused as a whole.</summary>
    public bool SendingPaused { get; init; }

    /// <summary>The workers that live.</summary>
    public IReadOnlyList<WorkerDescription> Workers { get; init; } = [];

    /// <summary>The accounts of the configuration and how they stand.</summary>
    public IReadOnlyList<AccountStanding> Accounts { get; init; } = [];

    /// <summary>False in the mode without persistence.</summary>
    public bool Keeps { get; init; } = true;

    /// <summary>How long a change waits for the lock.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How many there are of a status, those of campaigns too.</summary>
    public long Count(EmailStatus status) => Server is { } server ? server.Counts.GetValueOrDefault(status) : Emails.Count(email => email.Status == status);

    /// <summary>The emails that wait for their time.</summary>
    public IEnumerable<ScheduledEmail> Pending => Emails.Where(email => email.Status == EmailStatus.Pending);

    /// <summary>Those that should have left by now.</summary>
    public IReadOnlyList<ScheduledEmail> Overdue => [.. Pending.Where(email => Now - email.Due > HealthCheck.OverdueAfter)];
}

/// <summary>What a server says of itself.</summary>
/// <param name="Url">Its address.</param>
/// <param name="Version">The version of its program.</param>
/// <param name="Problems">What is wrong, in its words.</param>
/// <param name="Counts">All its emails by status.</param>
internal sealed record ServerFacts(string Url, string Version, IReadOnlyList<string> Problems, IReadOnlyDictionary<EmailStatus, int> Counts);
