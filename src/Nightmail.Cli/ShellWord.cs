namespace Nightmail.Cli;

/// <summary>Quotes text for a POSIX shell, so that a command that is named can be pasted as it stands.</summary>
internal static class ShellWord
{
    private const string Plain = "_@%+=:,./-";

    /// <summary>The text as one word of a shell's line.</summary>
    public static string Quote(string text) =>
        text.Length > 0 && text.All(letter => char.IsAsciiLetterOrDigit(letter) || Plain.Contains(letter)) ? text : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
