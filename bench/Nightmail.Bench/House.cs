using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Mail.Mime;
using Nightmail.Mail.Transports;

namespace Nightmail.Bench;

/// <summary>One queue, one account and what it takes to send.</summary>
internal sealed class House(IEmailStore store, IBlobStore blobs, Account account) : IAsyncDisposable, IEngineObserver
{
    private readonly ITransport transport = TransportFactory.Create(account, new(), TimeProvider.System, new Random(1));

    /// <summary>Keeps the emails.</summary>
    public async Task AddAsync(IEnumerable<ScheduledEmail> emails) => await store.AddAsync([.. emails], CancellationToken.None);

    /// <summary>A worker over it.</summary>
    public Worker Worker() => Worker(this);

    /// <summary>A worker over it that says when it has sent so many.</summary>
    public Worker Worker(Action enough, int emails) => Worker(new Counter(enough, emails));

    private Worker Worker(IEngineObserver observer) => new(new WorkerParts
    {
        Store = store,
        Composer = new MessageComposer(blobs),
        Accounts = [account],
        Transports = _ => transport,
        Time = TimeProvider.System,
        Random = new Random(1),
        Observer = observer,
    });

    /// <summary>How many are sent.</summary>
    public async Task<int> SentAsync() => (await store.OverviewAsync(CancellationToken.None)).Counts.GetValueOrDefault(EmailStatus.Sent);

    /// <inheritdoc/>
    public void On(EngineEvent happened)
    {
        if (happened is EngineEvent.StoreFailed or EngineEvent.AccountHeld) Measuring.Report.Progress($"  {happened}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await transport.DisposeAsync();
        await store.DisposeAsync();
    }

    private sealed class Counter(Action enough, int emails) : IEngineObserver
    {
        private int left = emails;

        public void On(EngineEvent happened)
        {
            if (happened is EngineEvent.Recorded && Interlocked.Decrement(ref left) == 0) enough();
        }
    }
}
