using System.Buffers;
using System.Text.Json;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Format;
using Nightmail.Store.File.Ledger;

namespace Nightmail.Store.File.Backups;

/// <summary>What is noted beside a backup: what its bytes must be, and how far the ledger had come.</summary>
/// <param name="Sha256">Of its bytes, lower-case hex.</param>
/// <param name="Size">How many they are.</param>
/// <param name="Reason">For people: why it was made.</param>
/// <param name="Ledger">The ledger at that moment.</param>
internal sealed record BackupAbout(string Sha256, long Size, string Reason, LedgerMark Ledger)
{
    private static readonly string[] Names = ["sha256", "size", "reason", "ledger", "sequence", "check"];
    private static readonly JsonWriterOptions Options = new() { Indented = true, NewLine = "\n" };

    /// <summary>The note's bytes.</summary>
    public byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var writer = new Utf8JsonWriter(buffer, Options);
        writer.WriteStartObject();
        writer.WriteString(Names[0], Sha256);
        writer.WriteNumber(Names[1], Size);
        writer.WriteString(Names[2], Reason);
        writer.WriteString(Names[3], Ledger.Identity);
        writer.WriteNumber(Names[4], Ledger.Sequence);
        writer.WriteNumber(Names[5], Ledger.Check);
        writer.WriteEndObject();
        writer.Flush();
        return [.. buffer.WrittenSpan, (byte)'\n'];
    }

    /// <summary>What a note says; null when there is none, or none that can be understood.</summary>
    public static BackupAbout? Read(IDisk disk, string path)
    {
        if (disk.ReadAll(path) is not { Length: > 0 } bytes) return null;
        try
        {
            var json = new Utf8JsonReader(bytes);
            json.Read();
            var (hash, size, reason, identity, sequence, check) = ("", -1L, "", (string?)null, 0L, 0L);
            while (Lenient.NextProperty(ref json, Names) is { } index)
            {
                if (index == 0) hash = Lenient.Text(ref json) ?? "";
                else if (index == 1) size = Lenient.Whole(ref json) ?? -1;
                else if (index == 2) reason = Lenient.Text(ref json) ?? "";
                else if (index == 3) identity = Lenient.Text(ref json);
                else if (index == 4) sequence = Lenient.Whole(ref json) ?? 0;
                else if (index == 5) check = Lenient.Whole(ref json) ?? 0;
                else json.Skip();
            }

            return hash.Length == 0 || size < 0 ? null : new(hash, size, reason, new(identity, sequence, (uint)check));
        }
        catch (Exception broken) when (broken is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }
}
