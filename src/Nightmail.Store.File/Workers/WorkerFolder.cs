using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Nightmail.Core.Delivery;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Format;

namespace Nightmail.Store.File.Workers;

/// <summary>
/// The workers of one queue: a file each, whose kernel lock its process holds for life. A worker lives as long as its file is there and locked.
/// </summary>
internal sealed class WorkerFolder(IDisk disk, string folder, TimeProvider time)
{
    private const string Ending = ".lock";
    private const int LongestHostName = 40;
    private static readonly string[] Names = ["id", "pid", "host", "since"];
    private static readonly SearchValues<char> IdCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    /// <summary>Makes a worker known, under a name that nobody had before.</summary>
    public IWorkerPresence Enter()
    {
        disk.EnsureFolder(folder);
        var now = time.GetUtcNow();
        var host = string.Concat(disk.HostName.Where(IdCharacters.Contains).Take(LongestHostName)).TrimStart('.');
        for (var count = 0; ; count++)
        {
            var id = $"{(host.Length == 0 ? "host" : host)}-{disk.ProcessId}-{now.ToUnixTimeMilliseconds():x}-{count}";
            var path = PathOf(id);
            if (disk.Stat(path) is not null || disk.TryLock(path) is not { } held) continue;
            held.WriteNote(Describe(new(new(id), disk.ProcessId, disk.HostName, now)));
            return new Presence(disk, path, held, new(id));
        }
    }

    /// <summary>Whether a worker lives. What is no worker's name is dead.</summary>
    public bool IsAlive(string id) => IsName(id) && disk.IsLocked(PathOf(id));

    /// <summary>The living, by what they say of themselves.</summary>
    public IReadOnlyList<WorkerDescription> Living()
    {
        var living = new List<WorkerDescription>();
        foreach (var path in Files())
        {
            if (disk.IsLocked(path) && disk.ReadAll(path) is { } note && Read(note) is { } worker) living.Add(worker);
        }

        return living;
    }

    /// <summary>Removes the files of the dead. Under the queue's lock, so that nobody enters meanwhile.</summary>
    public void RemoveDead()
    {
        foreach (var path in Files())
        {
            using var dead = disk.TryLock(path);
            if (dead is not null) disk.Delete(path);
        }
    }

    private static bool IsName(string id) => id.Length is > 0 and <= 128 && id[0] != '.' && !id.AsSpan().ContainsAnyExcept(IdCharacters);

    private IEnumerable<string> Files() => disk.List(folder).Where(name => name.EndsWith(Ending, StringComparison.Ordinal)).Order().Select(name => Path.Combine(folder, name));

    private string PathOf(string id) => Path.Combine(folder, id + Ending);

    private static byte[] Describe(WorkerDescription worker)
    {
        var buffer = new ArrayBufferWriter<byte>(128);
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        writer.WriteString(Names[0], worker.Id.Text);
        writer.WriteNumber(Names[1], worker.ProcessId);
        writer.WriteString(Names[2], worker.Host);
        writer.WriteString(Names[3], worker.Since.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
        writer.WriteEndObject();
        writer.Flush();
        return [.. buffer.WrittenSpan, (byte)'\n'];
    }

    /// <summary>What a worker says of itself; null while it is still writing it.</summary>
    private static WorkerDescription? Read(byte[] note)
    {
        try
        {
            var json = new Utf8JsonReader(note);
            json.Read();
            var (id, process, host, since) = ("", 0, "", default(DateTimeOffset?));
            while (Lenient.NextProperty(ref json, Names) is { } index)
            {
                if (index == 0) id = Lenient.Text(ref json) ?? "";
                else if (index == 1) process = Lenient.Count(ref json);
                else if (index == 2) host = Lenient.Text(ref json) ?? "";
                else if (index == 3) since = UnixTime.Read(ref json);
                else json.Skip();
            }

            return new(new WorkerId(id), process, host, since ?? default);
        }
        catch (Exception broken) when (broken is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    private sealed class Presence(IDisk disk, string path, IDiskLock held, WorkerId id) : IWorkerPresence
    {
        private bool left;

        public WorkerId Id => id;

        public ValueTask DisposeAsync()
        {
            if (left) return default;
            left = true;
            // Removed while it is still locked: nobody can take the file for a dead worker's in between.
            AtomicFile.TryDelete(disk, path);
            held.Dispose();
            return default;
        }
    }
}
