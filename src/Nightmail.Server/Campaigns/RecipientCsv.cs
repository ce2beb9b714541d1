using System.Buffers;
using System.Text;
using System.Text.Json;
using Nightmail.Server.Api;
using Nightmail.Server.Csv;

namespace Nightmail.Server.Campaigns;

/// <summary>
/// Reads recipients from CSV: a header row with a column <c>email</c>, perhaps <c>name</c>; every other column is a variable of that name.
/// </summary>
internal static class RecipientCsv
{
    /// <summary>Every recipient in the file, in its order. The file is read from its beginning each time.</summary>
    /// <exception cref="ApiProblem">422, naming the line.</exception>
    public static IEnumerable<WordedRecipient> Read(string path)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var (email, name, header) = (-1, -1, (string[]?)null);
        foreach (var row in CsvFile.Read(path, RecipientReader.MaxVariables * 4))
        {
            if (header is null) (email, name, header) = (Column(row.Header, "email"), Column(row.Header, "name"), row.Header);
            if (email < 0) throw ApiProblem.Invalid("file", $"no column is called email; there are: {Printable.OneLine(string.Join(", ", header))}");
            yield return new(Address(row.Line, row.Values[email].Trim(), name < 0 ? null : row.Values[name]), Variables(header, row.Values, email, buffer));
        }
    }

    private static int Column(string[] header, string name) => Array.FindIndex(header, column => column.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static Core.Emails.Mailbox Address(long line, string text, string? name)
    {
        try
        {
            return RecipientReader.Address("email", text, name);
        }
        catch (ApiProblem wrong)
        {
            throw CsvFile.Line(line, wrong.Message);
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
}
