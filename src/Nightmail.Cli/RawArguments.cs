using System.Text;

namespace Nightmail.Cli;

/// <summary>
/// Finds arguments that are not UTF-8. The runtime turns what it cannot read into U+FFFD, so that a subject would leave mangled and a file
/// would not be found; the kernel still has the bytes as they were given.
/// </summary>
internal static class RawArguments
{
    private const char Replacement = '\uFFFD';
    private const string CommandLineFile = "/proc/self/cmdline";

    /// <summary>The line that says which argument cannot be read; null: all can.</summary>
    /// <param name="arguments">As the runtime gives them.</param>
    /// <param name="raw">Gives the bytes of all words of the command line, each ended by a NUL; asked only where something may be wrong.</param>
    public static string? Mangled(string[] arguments, Func<byte[]> raw)
    {
        // A person may well mean U+FFFD itself; then its bytes are valid.
        if (!arguments.Any(argument => argument.Contains(Replacement, StringComparison.Ordinal)) || IsUtf8(raw())) return null;
        var first = arguments.First(argument => argument.Contains(Replacement, StringComparison.Ordinal));
        return $"the argument '{first.Replace(Replacement, '?')}' is not UTF-8; run this in a UTF-8 locale, or give a file another name";
    }

    /// <summary>The command line of this process.</summary>
    public static byte[] OfThisProcess()
    {
        try
        {
            return File.ReadAllBytes(CommandLineFile);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            // Where nobody can tell, what looks mangled is mangled.
            return [0xFF];
        }
    }

    private static bool IsUtf8(byte[] bytes)
    {
        try
        {
            _ = new UTF8Encoding(false, throwOnInvalidBytes: true).GetCharCount(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }
}
