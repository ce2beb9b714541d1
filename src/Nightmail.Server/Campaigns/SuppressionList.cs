using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Storage;

namespace Nightmail.Server.Campaigns;

/// <summary>
/// The suppressions, in memory too, because every claim asks for one. Of each target only a hash of 128 bits is kept there, so a million
/// of them take a few dozen megabytes.
/// </summary>
internal sealed class SuppressionList(ISuppressionStore store) : ISuppressionStore
{
    private const int AtOnce = 5000;

    private readonly Lock gate = new();
    private readonly List<(UInt128 Mark, bool IsAdded)> meanwhile = [];
    private HashSet<UInt128> known = [];
    private int loads;

    /// <summary>Reads all of them anew: at the start, and where the database was replaced.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        var all = new HashSet<UInt128>();
        string? after = null;
        lock (gate) loads++;
        try
        {
            while (await store.ListAsync(after, AtOnce, cancellationToken) is { Count: > 0 } some)
            {
                foreach (var each in some) all.Add(Mark(each.Target));
                after = some[^1].Target;
            }

            lock (gate)
            {
                // What was changed while this read may lie before the place that it had come to.
                foreach (var (mark, isAdded) in meanwhile) Note(all, mark, isAdded);
                known = all;
            }
        }
        finally
        {
            lock (gate)
                if (--loads == 0) meanwhile.Clear();
        }
    }

    /// <summary>True when the address, or its whole domain, gets no campaign mail.</summary>
    public bool IsSuppressed(string address)
    {
        lock (gate)
        {
            if (known.Count == 0) return false;
            foreach (var target in Suppression.TargetsFor(address))
                if (known.Contains(Mark(target))) return true;
            return false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<int> AddAsync(IReadOnlyList<Suppression> suppressions, CancellationToken cancellationToken)
    {
        var added = await store.AddAsync(suppressions, cancellationToken);
        lock (gate)
            foreach (var each in suppressions) Note(Mark(each.Target), isAdded: true);
        return added;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlySet<string>> FindAsync(IReadOnlyCollection<string> targets, CancellationToken cancellationToken) => store.FindAsync(targets, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Suppression>> ListAsync(string? after, int most, CancellationToken cancellationToken) => store.ListAsync(after, most, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<bool> RemoveAsync(string target, CancellationToken cancellationToken)
    {
        var removed = await store.RemoveAsync(target, cancellationToken);
        lock (gate) Note(Mark(target), isAdded: false);
        return removed;
    }

    private void Note(UInt128 mark, bool isAdded)
    {
        Note(known, mark, isAdded);
        if (loads > 0) meanwhile.Add((mark, isAdded));
    }

    private static void Note(HashSet<UInt128> marks, UInt128 mark, bool isAdded)
    {
        if (isAdded) marks.Add(mark);
        else marks.Remove(mark);
    }

    private static UInt128 Mark(string target)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(target), hash);
        return MemoryMarshal.Read<UInt128>(hash);
    }
}
