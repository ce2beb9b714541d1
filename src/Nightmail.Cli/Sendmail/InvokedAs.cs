using System.Text;

namespace Nightmail.Cli.Sendmail;

/// <summary>The name by which this process was started, which the runtime hides.</summary>
internal static class InvokedAs
{
    private const string CommandLine = "/proc/self/cmdline";

    /// <summary>The last part of the first word of the command line; empty where the system does not tell.</summary>
    public static string Name()
    {
        try
        {
            if (!File.Exists(CommandLine)) return "";
            var words = File.ReadAllBytes(CommandLine);
            var end = Array.IndexOf(words, (byte)0);
            return Path.GetFileName(Encoding.UTF8.GetString(words, 0, end < 0 ? words.Length : end));
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
