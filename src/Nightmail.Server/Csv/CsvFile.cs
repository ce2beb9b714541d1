using System.Text;
using CsvHelper;
using Nightmail.Server.Api;

namespace Nightmail.Server.Csv;

/// <summary>
/// Reads a CSV file row by row, one in memory at a time. The separator is found out; the encoding is UTF-8, or UTF-16 with a mark, or
/// else Windows-1252, which is Latin-1 with a few letters more.
/// </summary>
internal static class CsvFile
{
    /// <summary>Windows-1252.</summary>
    private const int WesternPage = 1252;

    /// <summary>Every row. The file is read from its beginning each time.</summary>
    /// <param name="path">The file.</param>
    /// <param name="longestRow">Characters in one row.</param>
    /// <exception cref="ApiProblem">422, naming the line.</exception>
    public static IEnumerable<CsvRow> Read(string path, int longestRow)
    {
        using var csv = CsvReader.FromFile(path, new CsvReaderOptions
        {
            Encoding = EncodingOf(path), TrackLineNumbers = true, MaxRecordSize = longestRow,
            MalformedData = CsvMalformedDataHandling.Throw, FieldCountMismatch = CsvFieldCountHandling.Throw,
        }, FileOptions.SequentialScan);
        ReadHeader(csv);
        string[] header = [.. csv.Headers.ToArray().Select(name => name.Trim())];
        if (header.All(name => name.Length == 0)) throw ApiProblem.Invalid("file", "it is empty; its first row names the columns");
        // Spreadsheets leave empty columns at the end.
        if (header.Where(name => name.Length > 0).GroupBy(name => name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Skip(1).Any()) is { Key: var twice })
            throw ApiProblem.Invalid("file", $"two columns are called '{Printable.OneLine(twice)}', letter case aside");
        while (ReadRow(csv)) yield return new(csv.LineNumber, header, csv.Current.ToArray());
    }

    /// <summary>What is wrong with a line.</summary>
    public static ApiProblem Line(long line, string error) => ApiProblem.Invalid("file", $"line {line}: {error}");

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
            return CodePagesEncodingProvider.Instance.GetEncoding(WesternPage);
        }
    }
}

/// <summary>One row of a CSV file.</summary>
/// <param name="Line">Its line.</param>
/// <param name="Header">The names of the columns; the same object for all rows.</param>
/// <param name="Values">Its values.</param>
internal sealed record CsvRow(long Line, string[] Header, string[] Values)
{
    /// <summary>The value in a column, letter case of its name aside; null: there is no such column.</summary>
    public string? this[string column] => Array.FindIndex(Header, name => name.Equals(column, StringComparison.OrdinalIgnoreCase)) is var index and >= 0 ? Values[index] : null;
}
