using Nightmail.Core.Maintenance;
using Nightmail.Core.Storage;

namespace Nightmail.Server.Maintenance;

/// <summary>Makes a backup and removes those that are more than are to be kept.</summary>
internal sealed class BackupWork(BackupDesk desk, IScheduledWorkStore rows) : IWork
{
    /// <summary>The name of its row.</summary>
    public const string RowName = "backup";

    /// <inheritdoc/>
    public string Name => RowName;

    /// <inheritdoc/>
    public string Cron => "0 2 * * *";

    /// <summary>A week of nights.</summary>
    public int? Keep => 7;

    /// <summary>A night that was missed is made up for, once.</summary>
    public MissedRule Missed => MissedRule.Once;

    /// <inheritdoc/>
    public async Task<string> DoAsync(ScheduledWork work, CancellationToken cancellationToken)
    {
        var made = await desk.CreateAsync("scheduled", id: null, cancellationToken);
        // How many are to stay may have been changed while it was made. And now the slot goes to its end: done again it would make another.
        var settings = await rows.FindAsync(RowName, CancellationToken.None) ?? work;
        var gone = await desk.PruneAsync(settings.Keep ?? Keep!.Value, CancellationToken.None);
        return $"{made.FileName} made, {gone.Count} older ones removed";
    }
}
