using System.Buffers;
using System.Text;
using Nightmail.Store.File.Disk;

namespace Nightmail.Store.File.CleanUp;

/// <summary>
/// Removes attachments that nothing refers to: not the queue, not a backup, not a kept revision, not a damaged file that lies aside. What
/// refers to one is found by its hash in the bytes, so that what cannot be read counts too.
/// </summary>
internal sealed class BlobSweep(IDisk disk, QueuePaths paths, DateTimeOffset now)
{
    /// <summary>Younger ones stay: their email may be about to be scheduled. A day outlasts any message that somebody is writing.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromDays(1);

    /// <summary>A half-made one that was not written to for so long has lost its writer.</summary>
    private static readonly TimeSpan HalfMadeGrace = TimeSpan.FromHours(1);

    private const int HashDigits = 64;
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>Sweeps once.</summary>
    /// <returns>How many went.</returns>
    public int Run()
    {
        var there = disk.List(paths.Blobs);
        if (there.Count == 0) return 0;
        var gone = there.Count(name => name.EndsWith(QueuePaths.TemporaryEnding, StringComparison.Ordinal) && IsOlder(name, HalfMadeGrace) && disk.Delete(PathOf(name)));
        var unused = there.Where(name => name.Length == HashDigits && !name.AsSpan().ContainsAnyExcept(HexDigits) && IsOlder(name, Grace)).ToList();
        foreach (var referrer in Referrers())
        {
            if (unused.Count == 0) break;
            var bytes = disk.ReadAll(referrer) ?? [];
            unused.RemoveAll(name => bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(name)) >= 0);
        }

        return gone + unused.Count(name => disk.Delete(PathOf(name)));
    }

    private IEnumerable<string> Referrers()
    {
        yield return paths.Queue;
        foreach (var name in disk.List(paths.Folder).Where(name => Path.Combine(paths.Folder, name).StartsWith(paths.CorruptPrefix, StringComparison.Ordinal)))
            yield return Path.Combine(paths.Folder, name);
        foreach (var folder in new[] { paths.Backups, paths.Revisions })
        {
            foreach (var name in disk.List(folder)) yield return Path.Combine(folder, name);
        }
    }

    private bool IsOlder(string name, TimeSpan grace) => disk.Stat(PathOf(name)) is { IsFolder: false } stat && now - stat.Modified > grace;

    private string PathOf(string name) => Path.Combine(paths.Blobs, name);
}
