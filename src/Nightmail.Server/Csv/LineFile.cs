using System.Text;
using Nightmail.Server.Api;

namespace Nightmail.Server.Csv;

/// <summary>Reads a text file line by line, one in memory at a time, and none that is longer than it may be.</summary>
internal static class LineFile
{
    private const int AtOnce = 8192;

    /// <summary>Every line, without its end. The file is read from its beginning each time.</summary>
    /// <param name="path">The file.</param>
    /// <param name="longest">Characters in one line.</param>
    /// <exception cref="ApiProblem">422, naming the line.</exception>
    public static IEnumerable<string> Read(string path, int longest)
    {
        using var reader = new StreamReader(path);
        var (line, buffer, number, afterReturn) = (new StringBuilder(), new char[AtOnce], 1, false);
        while (reader.Read(buffer) is > 0 and var read)
        {
            for (var start = 0; start < read;)
            {
                if (afterReturn && buffer[start] == '\n')
                {
                    (afterReturn, start) = (false, start + 1);
                    continue;
                }

                afterReturn = false;
                var end = buffer.AsSpan(start, read - start).IndexOfAny('\r', '\n');
                var length = end < 0 ? read - start : end;
                if (line.Length + length > longest) throw CsvFile.Line(number, $"it has more than {longest} characters");
                line.Append(buffer, start, length);
                start += length;
                if (end < 0) break;
                afterReturn = buffer[start++] == '\r';
                yield return line.ToString();
                line.Clear();
                number++;
            }
        }

        if (line.Length > 0) yield return line.ToString();
    }
}
