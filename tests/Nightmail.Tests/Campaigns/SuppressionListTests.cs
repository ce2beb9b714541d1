using Nightmail.Core.Campaigns;
using Nightmail.Core.Storage;
using Nightmail.Server.Campaigns;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Campaigns;

/// <summary>The suppressions in memory, beside the ones in the database.</summary>
public sealed class SuppressionListTests
{
    [Fact]
    public async Task What_is_added_or_removed_while_all_are_read_counts_afterwards()
    {
        var cancel = TestContext.Current.CancellationToken;
        var store = new SlowStore();
        store.Kept.UnionWith(["b@example.org", "c@example.org"]);
        var list = new SuppressionList(store);

        var loading = list.LoadAsync(cancel);
        // The first page is read; what comes now lies before the place that the reading has come to.
        await list.AddAsync([new("a@example.org", "asked", default)], cancel);
        await list.RemoveAsync("b@example.org", cancel);
        store.GoOn.SetResult();
        await loading;

        list.IsSuppressed("a@example.org").ShouldBeTrue();
        list.IsSuppressed("b@example.org").ShouldBeFalse();
        list.IsSuppressed("c@example.org").ShouldBeTrue();
    }

    /// <summary>Keeps suppressions, and waits before the end of its list is found.</summary>
    private sealed class SlowStore : ISuppressionStore
    {
        public SortedSet<string> Kept { get; } = new(StringComparer.Ordinal);

        public TaskCompletionSource GoOn { get; } = new();

        public ValueTask<int> AddAsync(IReadOnlyList<Suppression> suppressions, CancellationToken cancellationToken) => new(suppressions.Count(each => Kept.Add(each.Target)));

        public ValueTask<IReadOnlySet<string>> FindAsync(IReadOnlyCollection<string> targets, CancellationToken cancellationToken) => new(targets.Where(Kept.Contains).ToHashSet());

        public async ValueTask<IReadOnlyList<Suppression>> ListAsync(string? after, int most, CancellationToken cancellationToken)
        {
            if (after is not null) await GoOn.Task.WaitAsync(cancellationToken);
            return [.. Kept.Where(each => string.CompareOrdinal(each, after) > 0).Select(each => new Suppression(each, "asked", default))];
        }

        public ValueTask<bool> RemoveAsync(string target, CancellationToken cancellationToken) => new(Kept.Remove(target));
    }
}
