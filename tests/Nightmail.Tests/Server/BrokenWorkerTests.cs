using Nightmail.Cli.Serving;
using Nightmail.Core.Storage;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

/// <summary>No trouble with a database leaves a server that answers and sends nothing.</summary>
public sealed class BrokenWorkerTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_worker_that_cannot_read_its_accounts_begins_again_by_itself_and_says_so(bool isStoreTrouble)
    {
        await using var world = await ServerWorld.StartAsync();
        (await world.AddAccountAsync(1)).Status.ShouldBe(201);
        var accounts = default(BrokenAccounts);
        world.Change = parts => parts with { Accounts = accounts = new(parts.Accounts, isStoreTrouble) };

        await world.RestartAsync();

        await Eventually.HoldsAsync(async () => (await world.Emails.WorkersAsync(CancellationToken.None)).Count == 1, "a worker to run");
        accounts!.FailuresLeft.ShouldBe(0);
        world.Said.ShouldContain(line => line.StartsWith("the worker ended: ", StringComparison.Ordinal) && line.Contains(isStoreTrouble ? "the disk is gone" : "fault of ours: InvalidOperationException", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_that_ends_by_itself_is_told_from_one_that_was_told_to()
    {
        using var told = new CancellationTokenSource();
        using var ending = new CancellationTokenSource();
        var byItself = ServerRun.ToldToEndAsync(told.Token, ending.Token);
        byItself.IsCompleted.ShouldBeFalse();
        await ending.CancelAsync();
        (await byItself).ShouldBeFalse();

        using var another = new CancellationTokenSource();
        var asked = ServerRun.ToldToEndAsync(told.Token, another.Token);
        await told.CancelAsync();
        await another.CancelAsync();
        (await asked).ShouldBeTrue();
    }

    /// <summary>Accounts that cannot be listed the first two times.</summary>
    private sealed class BrokenAccounts(IAccountStore inner, bool isStoreTrouble) : IAccountStore
    {
        private int failuresLeft = 2;

        public int FailuresLeft => Math.Max(0, Volatile.Read(ref failuresLeft));

        public ValueTask<IReadOnlyList<StoredAccount>> ListAsync(CancellationToken cancellationToken)
        {
            if (Interlocked.Decrement(ref failuresLeft) < 0) return inner.ListAsync(cancellationToken);
            throw isStoreTrouble ? new StoreException(StoreTrouble.Unreadable, "the disk is gone") : new InvalidOperationException("a bug");
        }

        public ValueTask<StoredAccount?> FindAsync(string name, CancellationToken cancellationToken) => inner.FindAsync(name, cancellationToken);

        public ValueTask<bool> AddAsync(StoredAccount account, CancellationToken cancellationToken) => inner.AddAsync(account, cancellationToken);

        public ValueTask<bool> UpdateAsync(StoredAccount account, CancellationToken cancellationToken) => inner.UpdateAsync(account, cancellationToken);

        public ValueTask<bool> OrderAsync(IReadOnlyList<string> names, CancellationToken cancellationToken) => inner.OrderAsync(names, cancellationToken);

        public ValueTask<bool> RemoveAsync(string name, CancellationToken cancellationToken) => inner.RemoveAsync(name, cancellationToken);
    }
}
