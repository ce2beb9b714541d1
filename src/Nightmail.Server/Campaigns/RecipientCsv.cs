using System.Buffers;
using System.Text;
using System.Text.Json;
using CsvHelper;
using Nightmail.Server.Api;

namespace Nightmail.Server.Campaigns;

/// <summary>
/// Reads recipients from CSV: a header row with a column <c>email</c>, perhaps <c>name</c>; every other column is a variable of that name.
/// The separator is found out; the encoding is UTF-8, or UTF-16 with a mark, or else Latin-1. One row is in memory at a time.
/// </summary>
internal static class RecipientCsv
{
    /// <summary>Every recipient in the file, in its order. The file is read from its beginning each time.</summary>
    /// <exception cref="ApiProblem">422, naming the line.</exception>
    public static IEnumerable<WordedRecipient> Read(string path)
    {
        using var csv = CsvReader.FromFile(path, new CsvReaderOptions
        {
            Encoding = EncodingOf(path), TrackLineNumbers = true, MaxRecordSize = RecipientReader.MaxVariables * 4,
            MalformedData = CsvMalformedDataHandling.Throw, FieldCountMismatch = CsvFieldCountHandling.Throw,
        }, FileOptions.SequentialScan);
        ReadHeader(csv);
        string[] header = [.. csv.Headers.ToArray().Select(name => name.Trim())];
        var email = Array.FindIndex(header, column => column.Equals("email", StringComparison.OrdinalIgnoreCase));
        var name = Array.FindIndex(header, column => column.Equals("name", StringComparison.OrdinalIgnoreCase));
        if (email < 0) throw ApiProblem.Invalid("file", $"no column is called email; there are: {Printable.OneLine(string.Join(", ", header))}");
        if (header.Distinct(StringComparer.Ordinal).Count() < header.Length) throw ApiProblem.Invalid("file", "two columns have the same name");
        var buffer = new ArrayBufferWriter<byte>();
        while (ReadRow(csv))
        {
            var row = csv.Current.ToArray();
            yield return new(Address(csv.LineNumber, row[email].Trim(), name < 0 ? null : row[name]), Variables(header, row, email, buffer));
        }
    }

    private static void ReadHeader(CsvReader csv)
    {
        try
        {
            csv.ReadHeader();
        }
        catch (CsvFormatException)
        {
            throw Line(1, "the row of names cannot be read");
        }
    }

    private static bool ReadRow(CsvReader csv)
    {
        try
        {
            return csv.Read();
        }
        catch (CsvFormatException broken)
        {
            throw Line(broken.LineNumber, "it cannot be read: its quotation marks, or the number of its values, are not as in the other rows");
        }
    }

    private static Core.Emails.Mailbox Address(long line, string text, string? name)
    {
        try
        {
            return RecipientReader.Address("email", text, name);
        }
        catch (ApiProblem wrong)
        {
            throw Line(line, wrong.Message);
        }
    }

    private static string Variables(string[] header, string[] row, int email, ArrayBufferWriter<byte> buffer)
    {
        buffer.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            for (var column = 0; column < header.Length; column++)
                if (column != email && header[column].Length > 0) json.WriteString(header[column], row[column]);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>A file that is no valid UTF-8 was written by a spreadsheet of western letters.</summary>
    private static Encoding? EncodingOf(string path)
    {
        var strict = new UTF8Encoding(false, throwOnInvalidBytes: true);
        try
        {
            using var reader = new StreamReader(path, strict, detectEncodingFromByteOrderMarks: true);
            var buffer = new char[8192];
            while (reader.Read(buffer) > 0)
            {
            }

            return null;
        }
        catch (DecoderFallbackException)
        {
            return Encoding.Latin1;
        }
    }

    private static ApiProblem Line(long line, string error) => ApiProblem.Invalid("file", $"line {line}: {error}");
}
