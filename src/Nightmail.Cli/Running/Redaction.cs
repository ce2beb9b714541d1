using Nightmail.Core.Emails;

namespace Nightmail.Cli.Running;

/// <summary>Takes recipients out of what servers say, for lines that end up in logs.</summary>
internal static class Redaction
{
    /// <summary>The words with the local part of each of the email's recipients replaced by an ellipsis.</summary>
    public static string Mask(string words, ScheduledEmail email)
    {
        var masked = words;
        foreach (var recipient in email.AllRecipients())
        {
            var at = recipient.Address.LastIndexOf('@');
            if (at > 0) masked = masked.Replace(recipient.Address, $"…{recipient.Address[at..]}", StringComparison.OrdinalIgnoreCase);
        }

        return masked;
    }
}
