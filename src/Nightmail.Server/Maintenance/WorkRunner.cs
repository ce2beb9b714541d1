using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Nightmail.Core.Maintenance;
using Nightmail.Core.Storage;
using Nightmail.Server.Events;

namespace Nightmail.Server.Maintenance;

/// <summary>
/// Does the scheduled work whose slots have come. Times are read anew at each look, so that a change takes effect at once; a slot is taken
/// under a lease before it is done, so that of several servers one does it, and one that a dead server left is done again.
/// </summary>
internal sealed class WorkRunner(IEnumerable<IWork> works, IScheduledWorkStore store, ServerOptions options, EngineReporter reporter, ServerMeters meters, TimeProvider time) : BackgroundService
{
    /// <summary>A slot begins within this; cron counts in minutes.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>How long a dead server's slot waits for another. Renewed at each third, so that a stalled disk does not lose it.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    private readonly List<IWork> known = [.. works];
    private readonly ConcurrentDictionary<string, Ended> ended = new(StringComparer.Ordinal);
    private readonly string owner = $"{Environment.MachineName}:{Environment.ProcessId}:{Guid.CreateVersion7(time.GetUtcNow()):N}";

    /// <summary>Keeps a row for each work that has none yet.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        foreach (var work in known)
        {
            var row = new ScheduledWork { Name = work.Name, Cron = work.Cron, Zone = options.TimeZone, Missed = work.Missed, Keep = work.Keep, Since = now };
            await store.AddAsync(row with { NextSlot = WorkTimes.Of(row).Next(row, now) }, cancellationToken);
        }
    }

    /// <summary>Does everything whose slot has come by now, to its end.</summary>
    public async Task RunOnceAsync(CancellationToken cancellationToken) => await Task.WhenAll(await BeginAsync(cancellationToken));

    /// <summary>Begins everything whose slot has come by now. Each runs by itself: a slow backup keeps no other slot from being looked at.</summary>
    /// <returns>What was begun.</returns>
    public async Task<IReadOnlyList<Task>> BeginAsync(CancellationToken cancellationToken)
    {
        // Whoever starts a server that sends nothing looks for what went wrong: a backup of the mishap, and older ones removed for it, is the last they want.
        if (!options.Sends) return [];
        List<Task> begun = [];
        foreach (var row in await store.ListAsync(cancellationToken))
        {
            if (known.Find(work => work.Name == row.Name) is not { } work) continue;
            if (await TakeAsync(row, cancellationToken) is { } taken) begun.Add(DoAsync(work, taken, cancellationToken));
        }

        return begun;
    }

    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        // Before the first request: whoever asks for the times finds them.
        await PrepareAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        List<Task> running = [];
        try
        {
            do
            {
                running.RemoveAll(each => each.IsCompleted);
                await AttemptAsync(async () => running.AddRange((await BeginAsync(stoppingToken)).Select(work => AttemptAsync(() => work, stoppingToken))), stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server ends; what was being done is done again by whoever comes next.
        }

        await Task.WhenAll(running).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async Task AttemptAsync(Func<Task> attempt, CancellationToken cancellationToken)
    {
        try
        {
            await attempt();
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // Whatever it is, mail goes on; the next look tries again.
            meters.StoreFailed();
        }
    }

    /// <summary>The slot of this row that is to be done now, taken; null: none, or somebody else has it.</summary>
    private async Task<Taken?> TakeAsync(ScheduledWork row, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (row.IsHeld(now)) return null;
        var times = WorkTimes.Of(row);
        var running = row.RunningSlot is { } begun && SlotRules.IsCredible(begun, now) ? row.RunningSlot : null;
        if ((running ?? times.Next(row, now)) is not { } next) return null;
        if (SlotRules.Decide(times.Cron, times.Zone, row.Missed, next, now) is not { } decision) return null;
        // A slot that somebody was already doing was not missed; only later ones were.
        var again = row.RunningSlot == decision.Slot;
        if (await store.TryTakeAsync(row, decision.Slot, owner, now, Lease, cancellationToken) is not { } term) return null;
        if (again) options.Say($"{row.Name}: its slot {Words(decision.Slot)} was interrupted; it is done again");
        else if (decision.Missed > 0) options.Say(MissedWords(row, decision));
        if (decision.DoIt || again) return new(row, term, decision);
        var result = MissedWords(row, decision);
        await store.EndAsync(row, term, new(decision.Slot, decision.Next, now, result, Failed: false), cancellationToken);
        reporter.Work(row.Name, "skipped", result);
        return null;
    }

    private async Task DoAsync(IWork work, Taken taken, CancellationToken cancellationToken)
    {
        var (row, term, decision) = taken;
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var renewal = time.CreateTimer(_ => _ = RenewAsync(row.Name, term, lost), null, Lease / 3, Lease / 3);
        var (result, failed) = ("", false);
        try
        {
            result = await work.DoAsync(row, lost.Token);
        }
        catch (StoreException trouble)
        {
            (result, failed) = (trouble.Message, true);
            options.Say($"{row.Name} failed: {trouble.Message}");
        }
        catch (OperationCanceledException) when (lost.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return;
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            (result, failed) = ($"fault of ours: {fault.GetType().Name}; please report it", true);
            options.Say($"{row.Name} failed: {result}");
        }

        if (decision.Missed > 0) result = $"{result} ({MissedWords(row, decision)})";
        ended[row.Name] = new(decision.Slot, time.GetUtcNow());
        // What is done is done, also where the server is just ending: otherwise the next would do it again.
        await store.EndAsync(row, term, new(decision.Slot, decision.Next, time.GetUtcNow(), result, failed), CancellationToken.None);
        reporter.Work(row.Name, failed ? "failed" : "done", result);
    }

    private async Task RenewAsync(string name, long term, CancellationTokenSource lost)
    {
        try
        {
            if (!await store.RenewAsync(name, term, time.GetUtcNow() + Lease, CancellationToken.None)) await lost.CancelAsync();
        }
        catch (Exception trouble) when (trouble is StoreException or ObjectDisposedException)
        {
            // The next third of the lease tries again.
            meters.StoreFailed();
        }
    }

    private string MissedWords(ScheduledWork row, SlotDecision decision)
    {
        var count = decision.Missed > SlotRules.MostCounted ? $"more than {SlotRules.MostCounted} slots were" : decision.Missed == 1 ? "1 slot was" : $"{decision.Missed} slots were";
        // Those that passed before the slot that was done last had ended passed because of it.
        var why = ended.TryGetValue(row.Name, out var last) && last.Slot == row.LastSlot && last.At >= decision.Slot ? "while it was busy" : "while nothing ran";
        return $"{row.Name}: {count} missed up to {Words(decision.Slot)} {why}; {(row.Missed == MissedRule.Once ? "it is done once now" : "left out, as set")}";
    }

    private static string Words(DateTimeOffset slot) => slot.UtcDateTime.ToString("yyyy-MM-dd HH:mm'Z'", System.Globalization.CultureInfo.InvariantCulture);

    private sealed record Ended(DateTimeOffset Slot, DateTimeOffset At);

    private sealed record Taken(ScheduledWork Row, long Term, SlotDecision Decision);
}
