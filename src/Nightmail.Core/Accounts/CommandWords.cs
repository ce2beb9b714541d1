using System.Text;

namespace Nightmail.Core.Accounts;

/// <summary>
/// Splits a command as a person writes it into program and arguments: by blanks, with quotes and backslashes as a shell reads them. No
/// shell runs it, so what only a shell could carry out is refused rather than handed over as a word.
/// </summary>
public static class CommandWords
{
    /// <summary>What only means something to a shell when it stands outside quotes.</summary>
    private const string ShellOnly = "|&;<>()`\n\r";

    /// <summary>Splits it.</summary>
    /// <param name="command">The command.</param>
    /// <param name="words">Program and arguments.</param>
    /// <param name="error">What is wrong, with its position.</param>
    /// <returns>False when it cannot be split, or is empty.</returns>
    public static bool TryParse(string command, out IReadOnlyList<string> words, out string error)
    {
        var found = new List<string>();
        words = found;
        var word = new StringBuilder();
        var inWord = false;
        var quote = '\0';
        var opened = 0;
        for (var at = 0; at < command.Length; at++)
        {
            var letter = command[at];
            if (letter == '\0') return Fail(at, "a NUL", out error);
            if (quote != '\0' && letter == quote)
            {
                quote = '\0';
            }
            else if (quote == '\'')
            {
                word.Append(letter);
            }
            else if (letter == '\\')
            {
                if (++at == command.Length) return Fail(at - 1, "a backslash with nothing behind it", out error);
                // Inside double quotes a backslash only takes the meaning from what has one there.
                if (quote == '"' && command[at] is not ('"' or '\\' or '$' or '`')) word.Append('\\');
                word.Append(command[at]);
                inWord = true;
            }
            else if (letter is '$' or '`' || (quote == '\0' && ShellOnly.Contains(letter, StringComparison.Ordinal)))
            {
                return Fail(at, $"'{(letter < ' ' ? "a line break" : letter)}', which only a shell understands: quote it, or call one, as in sh -c '…'", out error);
            }
            else if (quote == '\0' && (letter is '\'' or '"'))
            {
                (quote, opened, inWord) = (letter, at, true);
            }
            else if (quote == '\0' && (letter is ' ' or '\t'))
            {
                if (inWord) found.Add(word.ToString());
                word.Clear();
                inWord = false;
            }
            else
            {
                word.Append(letter);
                inWord = true;
            }
        }

        if (quote != '\0') return Fail(opened, $"a {quote} that is not closed", out error);
        if (inWord) found.Add(word.ToString());
        if (found.Count == 0 || found[0].Length == 0) return Fail(0, "no program", out error);
        error = "";
        return true;
    }

    private static bool Fail(int at, string found, out string error)
    {
        error = $"at position {at + 1}: {found}";
        return false;
    }
}
