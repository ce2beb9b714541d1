using System.Text;
using System.Text.Json;
using Nightmail.Store.File.Format;

namespace Nightmail.Store.File.Exchange;

/// <summary>Understands single lines of an export. What is wrong with one is told with its column.</summary>
internal static class ExportLineReader
{
    private const int HashDigits = 64;

    /// <summary>The line of that number.</summary>
    /// <exception cref="ImportException">It is none.</exception>
    public static ExportLine Read(ReadOnlySpan<byte> line, long number)
    {
        try
        {
            return Kind(line) switch
            {
                ExportFormat.HeadName => Head(line, number),
                ExportFormat.BlobName => Part(line, number),
                ExportFormat.EndName => End(line),
                _ => new ExportLine.Email(QueueFileForm.Instance.Read(line)),
            };
        }
        catch (JsonException broken)
        {
            throw ImportException.At(number, Column(line, (int)(broken.BytePositionInLine ?? 0)), $"this is not JSON: {Words(broken)}");
        }
        catch (Exception broken) when (broken is FormatException or InvalidOperationException)
        {
            throw ImportException.At(number, ColumnOf(line, NameIn(broken.Message)), broken.Message);
        }
    }

    /// <summary>The name of the line's first property; the whole line is looked through, so that what is no JSON is found before anything is made of it.</summary>
    private static string? Kind(ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject) throw new FormatException("the line is not a JSON object");
        string? first = null;
        while (json.Read())
        {
            if (first is null && json.TokenType == JsonTokenType.PropertyName) first = json.GetString();
        }

        return first;
    }

    private static ExportLine.Head Head(ReadOnlySpan<byte> line, long number)
    {
        var json = new Utf8JsonReader(line);
        json.Read();
        string? version = null;
        while (Lenient.NextProperty(ref json, ExportFormat.Head) is { } index)
        {
            if (index == 0) version = Lenient.Text(ref json);
            else json.Skip();
        }

        if (version?.Split('.')[0] == ExportFormat.Version.Split('.')[0]) return new();
        throw ImportException.At(number, ColumnOf(line, ExportFormat.HeadName), $"it was exported in form {version}, and this program knows {ExportFormat.Version}; update nightmail");
    }

    private static ExportLine.Part Part(ReadOnlySpan<byte> line, long number)
    {
        var json = new Utf8JsonReader(line);
        json.Read();
        var (hash, size, part, bytes) = ("", -1L, -1L, (byte[]?)null);
        while (Lenient.NextProperty(ref json, ExportFormat.Blob) is { } index)
        {
            if (index == 0) hash = Lenient.Text(ref json) ?? "";
            else if (index == 1) size = Lenient.Whole(ref json) ?? -1;
            else if (index == 2) part = Lenient.Whole(ref json) ?? -1;
            else if (index != 3) json.Skip();
            else if (json.TokenType != JsonTokenType.String || !json.TryGetBytesFromBase64(out bytes)) throw ImportException.At(number, ColumnOf(line, "data"), "data: this is not base64");
        }

        if (hash.Length != HashDigits || hash.Any(digit => !char.IsAsciiHexDigitLower(digit))) throw new FormatException("blob: this is not a SHA-256 in lower-case hex");
        if (size < 0) throw new FormatException("size: a number of bytes is missing");
        if (part < 0 || part > int.MaxValue) throw new FormatException("part: a number from 0 is missing");
        return new(new(hash, size), (int)part, bytes ?? throw new FormatException("data is missing"));
    }

    private static ExportLine.End End(ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        json.Read();
        var (emails, blobs, sum) = (-1L, -1L, "");
        while (Lenient.NextProperty(ref json, ExportFormat.End) is { } index)
        {
            if (index == 1) emails = Lenient.Whole(ref json) ?? -1;
            else if (index == 2) blobs = Lenient.Whole(ref json) ?? -1;
            else if (index == 3) sum = Lenient.Text(ref json) ?? "";
            else json.Skip();
        }

        return new(emails, blobs, sum);
    }

    /// <summary>The reader begins what it says about a property with its name.</summary>
    private static string NameIn(string message) => message.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon ? message[..colon] : "";

    /// <summary>Where the value of a property of the line stands; the first column where there is none of that name.</summary>
    private static int ColumnOf(ReadOnlySpan<byte> line, string name)
    {
        var json = new Utf8JsonReader(line);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var found = json.ValueTextEquals(name);
            json.Read();
            if (found) return Column(line, (int)json.TokenStartIndex);
            json.Skip();
        }

        return 1;
    }

    /// <summary>The column of a byte, as an editor counts: in characters, from 1.</summary>
    private static int Column(ReadOnlySpan<byte> line, int offset) => Encoding.UTF8.GetCharCount(line[..Math.Min(offset, line.Length)]) + 1;

    /// <summary>The library's sentence without the place that it appends: there, every line is the first.</summary>
    private static string Words(JsonException broken) =>
        broken.Message.IndexOf(" LineNumber:", StringComparison.Ordinal) is > 0 and var end ? broken.Message[..end].TrimEnd('.', ' ') : broken.Message;
}
