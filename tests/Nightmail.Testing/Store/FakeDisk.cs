using Nightmail.Store.File.Disk;

namespace Nightmail.Testing.Store;

/// <summary>The calls of a disk, for tests that make the Nth of a kind fail or crash at it.</summary>
public enum DiskCallKind
{
    Stat, OpenRead, CreateNew, OpenAppend, Length, Read, Write, Sync, Rename, Delete, List, CreateFolder, SyncFolder, Lock, IsLocked, Note, Watch, Copy, SetMode, Volume,
}

/// <summary>One call of a process.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Path">On what.</param>
/// <param name="Number">The process's how manieth, from 1.</param>
public readonly record struct DiskCall(DiskCallKind Kind, string Path, long Number);

/// <summary>
/// A disk in memory, shared by simulated processes. What was not synced is kept apart: a power loss drops any part of it, chosen by the
/// dice: whole renames, the ends of files, the bytes within. Calls can be made to fail, and a process to die at any of them.
/// </summary>
public sealed class FakeDisk(Random random)
{
    private const string Root = "/";
    private readonly List<FakeDiskSession> sessions = [];
    private readonly List<FakeWatch> watches = [];
    private readonly List<(string Folder, string Path, FakeNode? Node)> unsyncedNames = [];
    private Dictionary<string, FakeNode> names = new(StringComparer.Ordinal) { [Root] = new() { IsFolder = true } };
    private Dictionary<string, FakeNode> durableNames = new(StringComparer.Ordinal) { [Root] = new() { IsFolder = true } };

    /// <summary>Asked before every call of every process: the system's error number that it fails with, or null.</summary>
    public Func<DiskCall, int?>? Trouble { get; set; }

    /// <summary>What <see cref="Nightmail.Store.File.Disk.IDisk.Volume"/> says.</summary>
    public VolumeFacts Volume { get; set; } = new(1L << 40, 1L << 41, null);

    /// <summary>False: a file system on which two files cannot change names.</summary>
    public bool CanExchange { get; set; } = true;

    /// <summary>The clock that files are stamped by; without one they are as old as can be.</summary>
    public TimeProvider? Time { get; set; }

    internal Lock Gate { get; } = new();

    /// <summary>Starts a process.</summary>
    public FakeDiskSession Start()
    {
        lock (Gate)
        {
            var session = new FakeDiskSession(this, sessions.Count + 1);
            sessions.Add(session);
            return session;
        }
    }

    /// <summary>What a reader sees at the path now; null: nothing.</summary>
    public byte[]? Contents(string path)
    {
        lock (Gate) return names.TryGetValue(path, out var node) && !node.IsFolder ? node.ToArray() : null;
    }

    /// <summary>Puts a file in its place from outside, durably.</summary>
    public void Put(string path, byte[] bytes)
    {
        lock (Gate)
        {
            for (var folder = Path.GetDirectoryName(path); folder is not null && !names.ContainsKey(folder); folder = Path.GetDirectoryName(folder))
                durableNames[folder] = names[folder] = new() { IsFolder = true };
            var node = new FakeNode { Modified = Now };
            node.Append(bytes);
            node.Sync();
            names[path] = durableNames[path] = node;
            unsyncedNames.RemoveAll(change => change.Path == path);
            Changed(path);
        }
    }

    /// <summary>Writes over a file in its place from outside, as an editor does that keeps the file: whoever has it open sees it change.</summary>
    public void Overwrite(string path, byte[] bytes)
    {
        lock (Gate)
        {
            names[path].Replace(bytes);
            names[path].Sync();
            names[path].Modified = Now;
            Changed(path);
        }
    }

    /// <summary>Opens a file for writing from outside, as an editor does that keeps the file: what it writes goes into that one, whatever its name is by then.</summary>
    public FakeEditor Edit(string path)
    {
        lock (Gate) return new(this, names[path]);
    }

    /// <summary>Takes a file, or a folder with all that is in it, away from outside, durably.</summary>
    public void Remove(string path)
    {
        lock (Gate)
        {
            foreach (var gone in names.Keys.Concat(durableNames.Keys).Where(name => name == path || name.StartsWith(path + "/", StringComparison.Ordinal)).Distinct().ToList())
            {
                names.Remove(gone);
                durableNames.Remove(gone);
                unsyncedNames.RemoveAll(change => change.Path == gone);
            }
        }
    }

    /// <summary>True while somebody holds the lock on the file.</summary>
    public bool IsLocked(string path)
    {
        lock (Gate) return names.TryGetValue(path, out var node) && node.Holder is not null;
    }

    /// <summary>Every process dies at once, and any part of what was not synced is gone.</summary>
    public void PowerLoss()
    {
        lock (Gate)
        {
            foreach (var session in sessions) session.Die_NeedsGate();
            // Now and then everything survives, or nothing; mostly some of it.
            var survival = random.Next(4) switch { 0 => 0.0, 1 => 1.0, _ => 0.5 };
            foreach (var (_, path, node) in unsyncedNames.Where(_ => random.NextDouble() < survival)) Set(durableNames, path, node);
            unsyncedNames.Clear();
            foreach (var path in durableNames.Keys.Where(IsOrphan).ToList()) durableNames.Remove(path);
            foreach (var node in durableNames.Values.Distinct()) node.LosePower(random);
            names = new(durableNames, StringComparer.Ordinal);
        }
    }

    internal DateTimeOffset Now => Time?.GetUtcNow() ?? default;

    internal FakeNode? Find(string path) => names.GetValueOrDefault(path);

    internal bool HasFolder(string path) => names.TryGetValue(path, out var node) && node.IsFolder;

    internal IReadOnlyList<string> List(string folder) =>
        [.. names.Keys.Where(path => path != Root && Path.GetDirectoryName(path) == folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    internal void Name(string path, FakeNode? node)
    {
        Set(names, path, node);
        unsyncedNames.Add((Path.GetDirectoryName(path)!, path, node));
    }

    /// <summary>A rename is one change: it is never seen half, but both names may be there, or none, when it is cut off by a loss of power.</summary>
    internal void Rename(string from, string to)
    {
        var node = names[from];
        Name(to, node);
        Name(from, null);
        Changed(to);
    }

    /// <summary>Two renames in one: neither name is ever without a file.</summary>
    internal void Exchange(string one, string other)
    {
        var (first, second) = (names[one], names[other]);
        Name(other, first);
        Name(one, second);
        Changed(other);
    }

    internal void SyncFolder(string folder)
    {
        foreach (var (_, path, node) in unsyncedNames.Where(change => change.Folder == folder)) Set(durableNames, path, node);
        unsyncedNames.RemoveAll(change => change.Folder == folder);
    }

    internal IDisposable Watch(FakeDiskSession session, string path, Action changed)
    {
        var watch = new FakeWatch(session, path, changed, SynchronizationContext.Current, this);
        watches.Add(watch);
        return watch;
    }

    internal void Unwatch(FakeWatch watch)
    {
        lock (Gate) watches.Remove(watch);
    }

    private static void Set(Dictionary<string, FakeNode> where, string path, FakeNode? node)
    {
        if (node is null) where.Remove(path);
        else where[path] = node;
    }

    private bool IsOrphan(string path) => path != Root && (!durableNames.TryGetValue(Path.GetDirectoryName(path)!, out var parent) || !parent.IsFolder || IsOrphan(Path.GetDirectoryName(path)!));

    private void Changed(string path)
    {
        foreach (var watch in watches.Where(each => each.Path == path)) watch.Tell();
    }

    /// <summary>An editor that has a file open for writing until it is disposed.</summary>
    public sealed class FakeEditor : IDisposable
    {
        private readonly FakeDisk disk;
        private readonly FakeNode node;

        internal FakeEditor(FakeDisk disk, FakeNode node)
        {
            (this.disk, this.node) = (disk, node);
            node.Writers++;
        }

        /// <summary>Writes all of it anew.</summary>
        public void Save(byte[] bytes)
        {
            lock (disk.Gate)
            {
                node.Replace(bytes);
                node.Sync();
                node.Modified = disk.Now;
            }
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            lock (disk.Gate) node.Writers--;
        }
    }

    /// <summary>Somebody who wants to hear of changes.</summary>
    internal sealed class FakeWatch(FakeDiskSession session, string path, Action changed, SynchronizationContext? context, FakeDisk disk) : IDisposable
    {
        public string Path => path;

        public void Tell()
        {
            if (session.IsDead) return;
            if (context is not null) context.Post(_ => Call(), null);
            else ThreadPool.QueueUserWorkItem(_ => Call());
        }

        public void Dispose() => disk.Unwatch(this);

        private void Call()
        {
            if (!session.IsDead) changed();
        }
    }
}
