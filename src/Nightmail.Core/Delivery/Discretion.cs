namespace Nightmail.Core.Delivery;

/// <summary>Takes addresses out of what servers say. They like to repeat the recipient, and a sentence for everybody's eyes must not.</summary>
public static class Discretion
{
    /// <summary>The words in one line, with <c>…@…</c> in place of every address.</summary>
    public static string WithoutAddresses(string words)
    {
        var line = string.Concat(words.Select(letter => char.IsControl(letter) ? ' ' : letter));
        var from = 0;
        while (line.IndexOf('@', from) is >= 0 and var at)
        {
            var (start, end) = (StartOf(line, at), EndOf(line, at));
            line = $"{line[..start]}…@…{line[end..]}";
            from = Math.Min(line.Length, start + 3);
        }

        return line;
    }

    private static int StartOf(string line, int at)
    {
        // A quoted local part may hold anything up to its first quote.
        if (at > 1 && line[at - 1] == '"') return line.LastIndexOf('"', at - 2) is >= 0 and var quote ? quote : 0;
        var start = at;
        while (start > 0 && !IsEdge(line[start - 1])) start--;
        return start;
    }

    private static int EndOf(string line, int at)
    {
        if (at + 1 < line.Length && line[at + 1] == '[') return line.IndexOf(']', at) is > 0 and var close ? close + 1 : line.Length;
        var end = at + 1;
        while (end < line.Length && !IsEdge(line[end])) end++;
        return end;
    }

    private static bool IsEdge(char letter) => letter is ' ' or '"' or '\'' or '<' or '>' or '(' or ')' or '[' or ']' or ',' or ';' or ':' or '=';
}
