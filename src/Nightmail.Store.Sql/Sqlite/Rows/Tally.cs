using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite.Connections;

namespace Nightmail.Store.Sql.Sqlite.Rows;

/// <summary>How many rows there are of each lane and status, written in the transaction that changes them.</summary>
internal sealed class Tally
{
    private readonly Statement write, all;
    private readonly Dictionary<(long Lane, EmailStatus Status), Count> counts = [];
    private readonly HashSet<(long Lane, EmailStatus Status)> changed = [];

    /// <summary>Lanes with emails that wait, and with emails that are paused. In order, so that what goes through them is the same each time.</summary>
    private readonly SortedSet<long> pending = [], paused = [];

    private bool hasChanged;

    public Tally(Database database)
    {
        write = database.Prepare("INSERT OR REPLACE INTO tally (lane, status, rows, pruned) VALUES (?, ?, ?, ?)");
        all = database.Prepare("SELECT lane, status, rows, pruned FROM tally");
        Load();
    }

    /// <summary>Counts of rows by status; a status without rows is absent.</summary>
    public Dictionary<EmailStatus, int> Rows() => Sums(count => count.Rows).ToDictionary(each => each.Key, each => (int)each.Value);

    /// <summary>The lanes with emails that wait.</summary>
    public IReadOnlyCollection<long> Pending => pending;

    /// <summary>The lanes with emails that are paused one by one.</summary>
    public IReadOnlyCollection<long> Paused => paused;

    /// <summary>Counts of what was taken out, by its last status.</summary>
    public Dictionary<EmailStatus, long> Pruned() => Sums(count => count.Pruned);

    /// <summary>Whether anything has changed since the last time.</summary>
    public bool TakeChanged()
    {
        var had = hasChanged;
        hasChanged = false;
        return had;
    }

    /// <summary>The rows of these lanes by status, with those that were taken out.</summary>
    public CampaignCounts Of(IEnumerable<Lane> lanes)
    {
        var sums = new long[Enum.GetValues<EmailStatus>().Length];
        foreach (var lane in lanes)
            for (var status = 0; status < sums.Length; status++)
                if (counts.TryGetValue((lane.Number, (EmailStatus)status), out var count)) sums[status] += count.Rows + count.Pruned;
        return new(sums[(int)EmailStatus.Pending], sums[(int)EmailStatus.Sending], sums[(int)EmailStatus.Paused], sums[(int)EmailStatus.Sent], sums[(int)EmailStatus.Failed], sums[(int)EmailStatus.Cancelled], sums[(int)EmailStatus.InDoubt]);
    }

    /// <summary>A row is new, or changes its lane or status.</summary>
    public void Move((long Lane, EmailStatus Status)? from, (long Lane, EmailStatus Status) to)
    {
        if (from == to) return;
        if (from is { } before) Add(before, rows: -1, pruned: 0);
        Add(to, rows: 1, pruned: 0);
    }

    /// <summary>A row is taken out.</summary>
    public void Prune(long lane, EmailStatus status) => Add((lane, status), rows: -1, pruned: 1);

    /// <summary>Writes what has changed.</summary>
    public void Write()
    {
        foreach (var key in changed) write.Start().With(key.Lane).With((long)key.Status).With(counts[key].Rows).With(counts[key].Pruned).Run();
        changed.Clear();
    }

    /// <summary>Reads them anew.</summary>
    public void Load()
    {
        counts.Clear();
        changed.Clear();
        pending.Clear();
        paused.Clear();
        hasChanged = true;
        all.Start();
        while (all.Step()) Set((all.Long(), (EmailStatus)all.Int()), new(all.Long(), all.Long()));
    }

    private void Set((long Lane, EmailStatus Status) key, Count count)
    {
        counts[key] = count;
        if ((key.Status == EmailStatus.Pending ? pending : key.Status == EmailStatus.Paused ? paused : null) is not { } lanes) return;
        if (count.Rows > 0) lanes.Add(key.Lane);
        else lanes.Remove(key.Lane);
    }

    private Dictionary<EmailStatus, long> Sums(Func<Count, long> of)
    {
        var sums = new Dictionary<EmailStatus, long>();
        foreach (var (key, count) in counts)
        {
            if (of(count) is not 0 and var number) sums[key.Status] = sums.GetValueOrDefault(key.Status) + number;
        }

        return sums;
    }

    private void Add((long Lane, EmailStatus Status) key, long rows, long pruned)
    {
        var count = counts.GetValueOrDefault(key) ?? new(0, 0);
        Set(key, new(count.Rows + rows, count.Pruned + pruned));
        changed.Add(key);
        hasChanged = true;
    }

    private sealed record Count(long Rows, long Pruned);
}
