using Nightmail.Core.Maintenance;

namespace Nightmail.Core.Storage;

/// <summary>Keeps what is done again and again. Each write is guarded by what the caller saw, so that of two servers one does a slot.</summary>
public interface IScheduledWorkStore
{
    /// <summary>All of them, by name.</summary>
    ValueTask<IReadOnlyList<ScheduledWork>> ListAsync(CancellationToken cancellationToken);

    /// <summary>The work of that name, or null.</summary>
    ValueTask<ScheduledWork?> FindAsync(string name, CancellationToken cancellationToken);

    /// <summary>Keeps a work that is not there yet; one that is stays as it is.</summary>
    ValueTask AddAsync(ScheduledWork work, CancellationToken cancellationToken);

    /// <summary>Writes times, zone, rule and what it keeps over the version before its own; who is doing it goes on.</summary>
    /// <returns>False if that version is no longer there; then nothing was written.</returns>
    ValueTask<bool> SetAsync(ScheduledWork work, CancellationToken cancellationToken);

    /// <summary>Takes a slot: nobody else gets it while the lease lasts.</summary>
    /// <param name="seen">The work as it was read.</param>
    /// <param name="slot">The slot.</param>
    /// <param name="owner">Who takes it.</param>
    /// <param name="now">The present.</param>
    /// <param name="lease">For how long, unless it is renewed.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    /// <returns>The term to write under; null if somebody else was first, or has changed its times.</returns>
    ValueTask<long?> TryTakeAsync(ScheduledWork seen, DateTimeOffset slot, string owner, DateTimeOffset now, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>Lengthens the lease.</summary>
    /// <returns>False if the term is over.</returns>
    ValueTask<bool> RenewAsync(string name, long term, DateTimeOffset until, CancellationToken cancellationToken);

    /// <summary>The slot is over. Where the times were changed meanwhile, the next slot is that of the change.</summary>
    /// <returns>False if the term is over; then nothing was written.</returns>
    ValueTask<bool> EndAsync(ScheduledWork seen, long term, SlotEnd end, CancellationToken cancellationToken);
}

/// <summary>How a slot ended.</summary>
/// <param name="Slot">Which.</param>
/// <param name="Next">The one after it.</param>
/// <param name="At">When it ended.</param>
/// <param name="Result">One line.</param>
/// <param name="Failed">True when the work failed.</param>
public sealed record SlotEnd(DateTimeOffset Slot, DateTimeOffset? Next, DateTimeOffset At, string Result, bool Failed);
