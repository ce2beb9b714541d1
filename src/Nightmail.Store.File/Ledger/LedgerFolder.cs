using System.Globalization;
using System.Text.Json;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Format;

namespace Nightmail.Store.File.Ledger;

/// <summary>What lies in a ledger's folder, for those who look at it as a whole: its identity, its segments, its lines.</summary>
internal static class LedgerFolder
{
    private const string SegmentEnding = ".log";
    private static readonly string[] IdentityNames = ["ledger"];

    /// <summary>Where the identity lies.</summary>
    public static string IdentityPath(string folder) => Path.Combine(folder, "identity");

    /// <summary>The name that the ledger got when it was made; null when it has none.</summary>
    public static string? ReadIdentity(IDisk disk, string folder)
    {
        if (disk.ReadAll(IdentityPath(folder)) is not { Length: > 0 } bytes) return null;
        try
        {
            var json = new Utf8JsonReader(bytes);
            json.Read();
            string? name = null;
            while (Lenient.NextProperty(ref json, IdentityNames) is { } index)
            {
                if (index == 0) name = Lenient.Text(ref json);
                else json.Skip();
            }

            return string.IsNullOrEmpty(name) ? null : name;
        }
        catch (Exception broken) when (broken is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The numbers of its segments, rising.</summary>
    public static List<int> Segments(IDisk disk, string folder)
    {
        var segments = new List<int>();
        foreach (var name in disk.List(folder))
        {
            if (name.EndsWith(SegmentEnding, StringComparison.Ordinal) && int.TryParse(name.AsSpan(0, name.Length - SegmentEnding.Length), CultureInfo.InvariantCulture, out var parsed) && parsed > 0)
                segments.Add(parsed);
        }

        segments.Sort();
        return segments;
    }

    /// <summary>Where a segment lies.</summary>
    public static string SegmentPath(string folder, int number) => Path.Combine(folder, number.ToString("D8", CultureInfo.InvariantCulture) + SegmentEnding);

    /// <summary>Of every whole line, in the order they were written, the first number that it stands for, its sequence and its checksum.</summary>
    public static IEnumerable<(long Since, long Sequence, uint Check)> ReadLines(IDisk disk, string folder)
    {
        foreach (var segment in Segments(disk, folder))
        {
            var rest = (ReadOnlyMemory<byte>)(disk.ReadAll(SegmentPath(folder, segment)) ?? []);
            while (rest.Length > 0)
            {
                var end = rest.Span.IndexOf((byte)'\n');
                var line = end < 0 ? rest : rest[..end];
                rest = end < 0 ? default : rest[(end + 1)..];
                if (!CheckedLine.TryRead(line, out var json)) continue;
                var head = HeadOf(json, segment);
                if (!head.IsSealed) yield return (head.Since, head.Sequence, CheckedLine.Checksum(json.Span));
            }
        }
    }

    private static LedgerHead HeadOf(ReadOnlyMemory<byte> json, int segment)
    {
        try
        {
            return LedgerJson.ReadHead(json.Span);
        }
        catch (Exception broken) when (broken is FormatException or JsonException or InvalidOperationException)
        {
            throw new StoreException(StoreTrouble.Unreadable, $"the ledger's segment {segment} has a line that this program does not understand ({broken.Message}); update nightmail", broken);
        }
    }
}
