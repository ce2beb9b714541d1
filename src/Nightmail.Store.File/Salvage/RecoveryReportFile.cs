using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Format;

namespace Nightmail.Store.File.Salvage;

/// <summary>The reports that nobody has acknowledged yet, in a small file beside the queue, so that every process shows them.</summary>
internal sealed class RecoveryReportFile(IDisk disk, string path)
{
    /// <summary>No more than this many are kept, nor details of one: the oldest tell how it began, so it is the newest that are left out, the least grave first. What may be missing for good is never left out.</summary>
    private const int Most = 50, MostDetails = 200;

    private static readonly string[] Names = ["at", "gravity", "summary", "details", "kept_as"];
    private static readonly string[] Gravities = ["notice", "recovered", "incomplete"];
    private static readonly JsonWriterOptions Options = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>All of them, oldest first; none when there is no file, or none that can be read.</summary>
    public IReadOnlyList<RecoveryReport> Read()
    {
        if (disk.ReadAll(path) is not { Length: > 0 } bytes) return [];
        try
        {
            var json = new Utf8JsonReader(bytes);
            json.Read();
            var reports = new List<RecoveryReport>();
            if (json.TokenType != JsonTokenType.StartArray) return [];
            while (json.Read() && json.TokenType == JsonTokenType.StartObject) reports.Add(ReadOne(ref json));
            return reports;
        }
        catch (Exception damaged) when (damaged is JsonException or FormatException or InvalidOperationException)
        {
            return [new() { At = default, Gravity = RecoveryGravity.Recovered, Summary = $"{path} cannot be read: what it reported is not known any more" }];
        }
    }

    /// <summary>Tells of a report and keeps it for every process. The queue is well again by now; that it may not be kept is the lesser evil.</summary>
    public void Announce(RecoveryReport report, IStoreObserver observer, string writer)
    {
        observer.On(new StoreEvent.Warned(string.Join("; ", [report.Summary, .. report.Details, .. report.KeptAs is { } kept ? [$"a copy is kept as {kept}"] : Array.Empty<string>()])));
        try
        {
            Add(report, writer);
        }
        catch (StoreException)
        {
            // The log has it.
        }
    }

    /// <summary>Adds one. Needs the queue's lock.</summary>
    /// <param name="report">The report.</param>
    /// <param name="writer">A name for the temporary file that nobody else uses.</param>
    public void Add(RecoveryReport report, string writer)
    {
        var reports = Read().ToList();
        // The same mistake, saved again, is no news.
        if (reports.Any(each => each.Summary == report.Summary && each.Details.SequenceEqual(report.Details))) return;
        if (reports.Count >= Most && !MakeRoom(reports, report.Gravity)) return;
        reports.Add(report with { Details = report.Details.Count <= MostDetails ? report.Details : [.. report.Details.Take(MostDetails), $"… and {report.Details.Count - MostDetails} more"] });
        AtomicFile.Replace(disk, $"{path}.{writer}{QueuePaths.TemporaryEnding}", path, Write(reports));
    }

    private static bool MakeRoom(List<RecoveryReport> reports, RecoveryGravity forOne)
    {
        for (var gravity = RecoveryGravity.Notice; gravity < RecoveryGravity.Incomplete; gravity++)
        {
            if (gravity > forOne) return false;
            var newest = reports.FindLastIndex(each => each.Gravity == gravity);
            if (newest < 0) continue;
            reports.RemoveAt(newest);
            return true;
        }

        return forOne == RecoveryGravity.Incomplete;
    }

    /// <summary>Removes all: a person has read them. Needs the queue's lock.</summary>
    /// <returns>How many there were.</returns>
    public int Acknowledge()
    {
        var count = Read().Count;
        if (disk.Delete(path)) disk.SyncFolder(Path.GetDirectoryName(path)!);
        return count;
    }

    private static RecoveryReport ReadOne(ref Utf8JsonReader json)
    {
        var (at, gravity, summary, kept) = (default(DateTimeOffset), RecoveryGravity.Recovered, "", (string?)null);
        var details = new List<string>();
        while (Lenient.NextProperty(ref json, Names) is { } index)
        {
            if (index == 0) at = UnixTime.Read(ref json) ?? default;
            else if (index == 1) gravity = Array.IndexOf(Gravities, Lenient.Text(ref json)) is >= 0 and var which ? (RecoveryGravity)which : gravity;
            else if (index == 2) summary = Lenient.Text(ref json) ?? "";
            else if (index == 4) kept = Lenient.Text(ref json);
            else if (index == 3 && json.TokenType == JsonTokenType.StartArray)
            {
                while (json.Read() && json.TokenType != JsonTokenType.EndArray) details.Add(Lenient.Text(ref json) ?? "");
            }
            else json.Skip();
        }

        return new() { At = at, Gravity = gravity, Summary = summary, Details = details, KeptAs = kept };
    }

    private static byte[] Write(IReadOnlyList<RecoveryReport> reports)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var writer = new Utf8JsonWriter(buffer, Options);
        writer.WriteStartArray();
        foreach (var report in reports)
        {
            writer.WriteStartObject();
            writer.Time(Names[0], report.At);
            writer.WriteString(Names[1], Gravities[(int)report.Gravity]);
            writer.WriteString(Names[2], report.Summary);
            writer.WriteStartArray(Names[3]);
            foreach (var detail in report.Details) writer.WriteStringValue(detail);
            writer.WriteEndArray();
            writer.Text(Names[4], report.KeptAs);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.Flush();
        return [.. buffer.WrittenSpan, (byte)'\n'];
    }
}
