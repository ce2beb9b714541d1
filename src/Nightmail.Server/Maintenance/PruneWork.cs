using Nightmail.Core.Maintenance;
using Nightmail.Core.Storage;

namespace Nightmail.Server.Maintenance;

/// <summary>Takes out emails that have been final for longer than a number of days. They stay counted.</summary>
internal sealed class EmailPruneWork(IEmailStore emails) : IWork
{
    /// <inheritdoc/>
    public string Name => "prune-emails";

    /// <inheritdoc/>
    public string Cron => "30 3 * * *";

    /// <summary>A month: long enough to answer who got a campaign.</summary>
    public int? Keep => 30;

    /// <inheritdoc/>
    public MissedRule Missed => MissedRule.Once;

    /// <inheritdoc/>
    public async Task<string> DoAsync(ScheduledWork work, CancellationToken cancellationToken)
    {
        var days = work.Keep ?? Keep!.Value;
        var gone = await emails.CleanUpAsync(TimeSpan.FromDays(days), cancellationToken);
        return $"{gone} emails were final for more than {days} days and are gone";
    }
}

/// <summary>Takes out rows of the send log that are older than a number of days.</summary>
internal sealed class LogPruneWork(ISendLogRetention log, TimeProvider time) : IWork
{
    /// <inheritdoc/>
    public string Name => "prune-log";

    /// <inheritdoc/>
    public string Cron => "45 3 * * *";

    /// <summary>A quarter: what a provider's complaint may still ask about.</summary>
    public int? Keep => 90;

    /// <inheritdoc/>
    public MissedRule Missed => MissedRule.Once;

    /// <inheritdoc/>
    public async Task<string> DoAsync(ScheduledWork work, CancellationToken cancellationToken)
    {
        var days = work.Keep ?? Keep!.Value;
        var gone = await log.PruneAsync(time.GetUtcNow() - TimeSpan.FromDays(days), cancellationToken);
        return $"{gone} rows of the send log were older than {days} days and are gone";
    }
}
