using System.Text;

namespace Nightmail.Cli;

/// <summary>The end of a command that nobody foresaw: one sentence with the next step. What an exception says may hold an address or a secret, so only its kind is named.</summary>
internal static class UnexpectedEnd
{
    /// <summary>The exit code, and the sentence. What the system says of a file has no secret in it and is a person's to mend, so it is told.</summary>
    public static (int ExitCode, string Sentence) Of(Exception unexpected) => unexpected switch
    {
        IOException or UnauthorizedAccessException => (ExitCodes.Refused, $"{unexpected.Message.TrimEnd('.')}; what was acknowledged before stands: put that right and try again"),
        _ => (ExitCodes.Fault, $"a fault in nightmail itself ended this command ({unexpected.GetType().Name}); what was acknowledged before stands: look, try again, and if it happens again report what it prints with --verbose"),
    };

    /// <summary>Where it happened, for whoever mends it: kinds and methods, without a word of what they worked on.</summary>
    public static string Trace(Exception unexpected)
    {
        var text = new StringBuilder();
        for (var each = unexpected; each is not null; each = each.InnerException) text.Append(each.GetType().FullName).Append('\n').Append(each.StackTrace).Append('\n');
        return text.ToString();
    }
}
