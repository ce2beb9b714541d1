using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Format;

namespace Nightmail.Store.File.Transactions;

/// <summary>What the lock file says of its holder, for people. The kernel's lock alone decides; a note without a holder tells that somebody died inside.</summary>
/// <param name="ProcessId">The process; as text, since anything may stand there.</param>
/// <param name="Host">Its machine.</param>
/// <param name="Instance">Which of its stores.</param>
/// <param name="Since">Since when; null when that cannot be read.</param>
/// <param name="Unsynced">True when it went on and left something that may not be safe on disk.</param>
internal sealed record LockNote(string ProcessId, string Host, string Instance, DateTimeOffset? Since, bool Unsynced)
{
    private static readonly string[] Names = ["pid", "host", "instance", "since", "unsynced", "saves"];

    /// <summary>True when what somebody saved in the moment of a change waits beside the queue, so that whoever comes next looks for it.</summary>
    public bool Saves { get; init; }

    /// <summary>True when nothing is wrong: it was left on purpose, and only for the saves.</summary>
    public bool IsOnlyOfSaves => Saves && !Unsynced;

    /// <summary>The note's bytes.</summary>
    public byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>(192);
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        writer.WriteNumber(Names[0], long.Parse(ProcessId, CultureInfo.InvariantCulture));
        writer.WriteString(Names[1], Host);
        writer.WriteString(Names[2], Instance);
        writer.WriteString(Names[3], Words(Since));
        if (Unsynced) writer.WriteBoolean(Names[4], true);
        if (Saves) writer.WriteBoolean(Names[5], true);
        writer.WriteEndObject();
        writer.Flush();
        return [.. buffer.WrittenSpan, (byte)'\n'];
    }

    /// <summary>What a lock file says; null when it says nothing that can be understood.</summary>
    public static LockNote? Read(ReadOnlySpan<byte> note)
    {
        if (note.Length == 0) return null;
        try
        {
            var json = new Utf8JsonReader(note);
            json.Read();
            var (process, host, instance, since, unsynced, saves) = ("?", "?", "?", (DateTimeOffset?)null, false, false);
            while (Lenient.NextProperty(ref json, Names) is { } index)
            {
                if (index == 0) process = Lenient.Text(ref json) ?? process;
                else if (index == 1) host = Lenient.Text(ref json) ?? host;
                else if (index == 2) instance = Lenient.Text(ref json) ?? instance;
                else if (index == 3) since = DateTimeOffset.TryParse(Lenient.Text(ref json), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment) ? moment : null;
                else if (index == 4) unsynced = json.TokenType == JsonTokenType.True;
                else if (index == 5) saves = json.TokenType == JsonTokenType.True;
                else json.Skip();
            }

            return new(process, host, instance, since, unsynced) { Saves = saves };
        }
        catch (Exception unreadable) when (unreadable is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The holder in words.</summary>
    public static string Holder(IDisk disk, string path)
    {
        try
        {
            return Read(disk.ReadAll(path) ?? [])?.ToString() ?? "another process";
        }
        catch (StoreException)
        {
            return "another process";
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"process {ProcessId} on {Host} since {(Since is null ? "?" : Words(Since))}";

    private static string Words(DateTimeOffset? moment) => moment?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFF'Z'", CultureInfo.InvariantCulture) ?? "";
}
