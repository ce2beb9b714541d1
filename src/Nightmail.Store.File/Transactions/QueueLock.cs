using System.Globalization;
using System.Text;
using System.Text.Json;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Format;

namespace Nightmail.Store.File.Transactions;

/// <summary>The queue's lock, with a note in it that names the holder for people. A note without a holder tells that somebody died inside.</summary>
internal sealed class QueueLock(IDisk disk, string path, string instance, TimeSpan timeout, TimeProvider time)
{
    private static readonly string[] Names = ["pid", "host", "instance", "since"];

    /// <summary>Waits for the lock.</summary>
    /// <exception cref="StoreException">Busy: it was not to be had in time; the message names the holder.</exception>
    public async ValueTask<HeldLock> TakeAsync(CancellationToken cancellationToken)
    {
        disk.EnsureFolder(Path.GetDirectoryName(path)!);
        var held = await disk.LockAsync(path, timeout, time, cancellationToken);
        if (held is null) throw new StoreException(StoreTrouble.Busy, $"{path} is held by {Holder()}; nothing was changed: try again");
        try
        {
            var left = held.ReadNote().Length > 0;
            held.WriteNote(Note());
            return new HeldLock(held, left);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private byte[] Note() => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
        $"{{\"pid\":{disk.ProcessId},\"host\":\"{JsonEncodedText.Encode(disk.HostName)}\",\"instance\":\"{instance}\",\"since\":\"{time.GetUtcNow().UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}\"}}\n"));

    private string Holder()
    {
        try
        {
            if (disk.ReadAll(path) is not { Length: > 0 } note) return "another process";
            var json = new Utf8JsonReader(note);
            json.Read();
            var (process, host, since) = ("?", "?", "?");
            while (Lenient.NextProperty(ref json, Names) is { } index)
            {
                if (index == 0) process = Lenient.Text(ref json) ?? process;
                else if (index == 1) host = Lenient.Text(ref json) ?? host;
                else if (index == 3) since = Lenient.Text(ref json) ?? since;
                else json.Skip();
            }

            return $"process {process} on {host} since {since}";
        }
        catch (Exception unreadable) when (unreadable is StoreException or JsonException or FormatException or InvalidOperationException)
        {
            return "another process";
        }
    }
}

/// <summary>The lock while it is held.</summary>
/// <param name="held">The disk's lock.</param>
/// <param name="leftBehind">True when whoever held it before did not end its work: what it wrote may not be synced.</param>
internal sealed class HeldLock(IDiskLock held, bool leftBehind) : IDisposable
{
    private bool released;

    /// <inheritdoc cref="HeldLock"/>
    public bool LeftBehind => leftBehind;

    /// <summary>Set when something may not be synced: then the next holder is told.</summary>
    public bool LeavesTrouble { get; set; }

    /// <summary>Releases it.</summary>
    public void Dispose()
    {
        if (released) return;
        released = true;
        using (held)
        {
            if (!LeavesTrouble) held.WriteNote([]);
        }
    }
}
