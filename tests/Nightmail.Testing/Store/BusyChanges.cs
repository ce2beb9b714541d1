using System.Globalization;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.File;
using Nightmail.Store.File.Disk;

namespace Nightmail.Testing.Store;

/// <summary>
/// One process that changes a queue as fast as it can, every kind of change in turn: schedule, reschedule, cancel; schedule, claim, record.
/// What was acknowledged it tells at its end, one line an email: its id and the status that it must have.
/// </summary>
public sealed class BusyChanges(string queue, string name) : IStoreObserver
{
    private readonly List<string> acknowledged = [];
    private TimeSpan longestWait;

    /// <inheritdoc/>
    public bool WantsOperations => true;

    /// <summary>Makes so many changes, one after the other.</summary>
    /// <returns>The longest wait for the lock in milliseconds, then the lines.</returns>
    public async Task<IReadOnlyList<string>> RunAsync(int changes)
    {
        var time = TimeProvider.System;
        var options = new QueueFileOptions { Path = queue, LockTimeout = TimeSpan.FromMinutes(2), Observer = this, SharesWrites = false };
        var account = Given.Account with { Name = name };
        await using var store = FileEmailStore.Open(options, RealDisk.Instance, time);
        await using var worker = await store.EnterAsync(CancellationToken.None);
        longestWait = TimeSpan.Zero;
        for (var left = changes; left > 0; left -= 6)
        {
            var taken = await AddAsync(store, time, TimeSpan.FromHours(1));
            await ChangeAsync(store, taken, new EmailChange.Reschedule(time.GetUtcNow().AddHours(2), null));
            await ChangeAsync(store, taken, new EmailChange.Cancel());
            acknowledged.Add($"{taken.Id} cancelled");
            await AddAsync(store, time, TimeSpan.FromSeconds(-1));
            var claim = (await store.ClaimDueAsync(worker.Id, new([(account, 1)]), CancellationToken.None)).Single();
            if (await store.BeginAsync(claim, Given.Begin(claim, time), CancellationToken.None) is { } refused) throw new InvalidOperationException(refused);
            if (!await store.RecordAsync(claim, Given.Result(claim, Verdict.Delivered, time), CancellationToken.None)) throw new InvalidOperationException($"{claim.Email.Id}: the claim was lost");
            acknowledged.Add($"{claim.Email.Id} sent");
        }

        return [longestWait.TotalMilliseconds.ToString(CultureInfo.InvariantCulture), .. acknowledged];
    }

    /// <inheritdoc/>
    public void On(StoreEvent happened)
    {
        if (happened is StoreEvent.LockTaken { Waited: var waited } && waited > longestWait) longestWait = waited;
    }

    private async Task<ScheduledEmail> AddAsync(FileEmailStore store, TimeProvider time, TimeSpan wait) =>
        (await store.AddAsync([Given.Email(time, wait) with { Account = name }], CancellationToken.None)).OfType<AddResult.Added>().Single().Email;

    private static async Task ChangeAsync(FileEmailStore store, ScheduledEmail email, EmailChange change)
    {
        if ((await store.ChangeAsync(email.Id, change, CancellationToken.None)).Refusal is { } refused) throw new InvalidOperationException($"{email.Id}: {refused}");
    }
}
