using Nightmail.Core.Accounts;

namespace Nightmail.Store.File.Ledger;

/// <summary>When each account's emails began, as far back as a rate limit looks. One time an attempt, however many transactions it took.</summary>
internal sealed class BeginTimes
{
    /// <summary>How many times are taken in before the old ones are looked through again.</summary>
    private const int TrimEvery = 256;

    private readonly Dictionary<string, List<DateTimeOffset>> byAccount = [];

    /// <summary>The times of an account, ascending.</summary>
    public IReadOnlyList<DateTimeOffset> Of(string account) => byAccount.TryGetValue(account, out var times) ? times : [];

    /// <summary>The latest of all; null: there is none.</summary>
    public DateTimeOffset? Newest => byAccount.Values.Where(times => times.Count > 0).Select(times => (DateTimeOffset?)times[^1]).Max();

    /// <summary>Takes one in.</summary>
    public void Add(string account, DateTimeOffset at)
    {
        if (!byAccount.TryGetValue(account, out var times)) byAccount.Add(account, times = []);
        // After the clock was set back they come out of order.
        times.Insert(times.Count - RateCap.CountAfter(times, at), at);
        if (times.Count % TrimEvery == 0) times.RemoveRange(0, times.Count - RateCap.CountAfter(times, times[^1] - RateCap.LongestWindow));
    }

    /// <summary>Takes one out again.</summary>
    public void Remove(string account, DateTimeOffset at)
    {
        if (byAccount.TryGetValue(account, out var times)) times.Remove(at);
    }

    /// <summary>Forgets all.</summary>
    public void Clear() => byAccount.Clear();
}
