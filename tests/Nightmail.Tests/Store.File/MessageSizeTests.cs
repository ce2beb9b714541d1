using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Testing.Simulation;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>Messages that are too large for an account, with a real worker on a queue file.</summary>
public sealed class MessageSizeTests : IAsyncDisposable, IEngineObserver
{
    private readonly FakeStoreWorld world = new();
    private readonly SimulatedServer server;

    public MessageSizeTests() => server = new(world.Time, new Random(1), () => 0) { Temper = ServerTemper.Calm };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    void IEngineObserver.On(EngineEvent happened)
    {
    }

    [Fact]
    public async Task What_is_too_large_for_one_account_goes_through_another_and_blames_nobody()
    {
        var small = Given.Account with { Limits = new() { MessageSize = 1_000 } };
        var large = Given.Account with { Name = "large", Priority = 2 };
        var store = world.OpenFile();
        var email = Given.Email(world.Time);
        await store.AddAsync([email], Cancel);
        await RunAsync(store, bytes: 1_001, small, large);
        var row = (await store.FindAsync(email.Id, Cancel))!;
        (row.Status, row.LastAccount, server.Dots.Single().Account).ShouldBe((EmailStatus.Sent, "large", "large"));
        (await store.AccountsAsync([small, large], Cancel)).ShouldAllBe(standing => standing.Facts.Circuit == Circuit.Closed);
    }

    [Fact]
    public async Task What_is_too_large_for_every_account_fails_and_says_the_sizes()
    {
        var small = Given.Account with { Limits = new() { MessageSize = 1_000 } };
        var off = Given.Account with { Name = "off", IsEnabled = false };
        var store = world.OpenFile();
        var (email, fitting) = (Given.Email(world.Time), Given.Email(world.Time));
        await store.AddAsync([email], Cancel);
        await RunAsync(store, bytes: 1_001, small, off);
        var row = (await store.FindAsync(email.Id, Cancel))!;
        (row.Status, row.Reason).ShouldBe((EmailStatus.Failed, FailureReason.Bounced));
        row.LastError.ShouldBe("552 5.3.4 not sent: the message has 1001 bytes, and account work takes 1000 at most (limits.messageSize)");
        server.Dots.ShouldBeEmpty();

        await store.AddAsync([fitting], Cancel);
        await RunAsync(store, bytes: 1_000, small, off);
        (await store.FindAsync(fitting.Id, Cancel))!.Status.ShouldBe(EmailStatus.Sent);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_would_be_too_large_as_it_travels_goes_through_another_account_or_fails(bool hasOther)
    {
        var small = Given.Account with { Limits = new() { MessageSize = 1_000 } };
        var large = Given.Account with { Name = "large", Priority = 2, IsEnabled = hasOther };
        var store = world.OpenFile();
        var email = Given.Email(world.Time);
        await store.AddAsync([email], Cancel);
        await RunAsync(store, bytes: 900, name => name == "large" ? new SimulatedTransport(server, name, () => false) : new Growing(1_200), small, large);
        var row = (await store.FindAsync(email.Id, Cancel))!;
        if (hasOther) (row.Status, row.LastAccount, server.Dots.Single().Account).ShouldBe((EmailStatus.Sent, "large", "large"));
        else (row.Status, row.LastError).ShouldBe((EmailStatus.Failed, "552 5.3.4 not sent: the message has 1200 bytes, and account work takes 1000 at most (limits.messageSize)"));
        (await store.AccountsAsync([small, large], Cancel)).ShouldAllBe(standing => standing.Facts.Circuit == Circuit.Closed);
    }

    public ValueTask DisposeAsync() => world.DisposeAsync();

    private Task RunAsync(Core.Storage.IEmailStore store, long bytes, params Account[] accounts) => RunAsync(store, bytes, name => new SimulatedTransport(server, name, () => false), accounts);

    private async Task RunAsync(Core.Storage.IEmailStore store, long bytes, Func<string, ITransport> transports, params Account[] accounts)
    {
        var worker = new Worker(new()
        {
            Store = store, Composer = new Composer(bytes), Accounts = accounts, Transports = transports, Time = world.Time, Random = new Random(1), Observer = this,
        });
        var run = worker.RunAsync(WorkerMode.UntilEmpty, Cancel, Cancel);
        (await Testing.Smtp.Waiting.UntilAsync(() =>
        {
            world.Time.Advance(TimeSpan.FromSeconds(1));
            return run.IsCompleted;
        })).ShouldBeTrue();
        await run;
    }

    private sealed class Composer(long bytes) : IMessageComposer
    {
        public ValueTask<IOutgoingMessage> ComposeAsync(ScheduledEmail email, MessageIdentity identity, CancellationToken cancellationToken) =>
            ValueTask.FromResult<IOutgoingMessage>(new SimulatedMessage(email) { Length = bytes });
    }

    /// <summary>A way out whose server needs more bytes for the message than it was composed with.</summary>
    private sealed class Growing(long bytes) : ITransport
    {
        public Task<DeliveryOutcome> DeliverAsync(Envelope envelope, IOutgoingMessage message, BeginDelivery begin, CancellationToken cancellationToken) =>
            Task.FromResult(DeliveryOutcome.Of(Verdict.Untried, envelope.Recipients, null, begun: false) with { TooLarge = bytes });

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
