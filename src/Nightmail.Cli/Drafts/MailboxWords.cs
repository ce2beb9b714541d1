using Nightmail.Core.Emails;

namespace Nightmail.Cli.Drafts;

/// <summary>Reads addresses as they are worded on a command line.</summary>
internal static class MailboxWords
{
    /// <summary>The mailboxes that an option's values name, as worded; a value may hold several, separated by commas.</summary>
    /// <exception cref="CommandFailure">One is no mailbox.</exception>
    public static IReadOnlyList<string> Read(IReadOnlyList<string> values, string option)
    {
        var mailboxes = new List<string>();
        foreach (var value in values)
        {
            // A single mailbox stays as it is worded; a list is written anew from what was understood.
            if (Mailbox.TryParse(value, out _, out _)) mailboxes.Add(value.Trim());
            else if (Mailbox.TryParseList(value, out var several, out var error) && several.Count > 0) mailboxes.AddRange(several.Select(mailbox => mailbox.ToString()));
            else throw CommandFailure.Refused($"{option} \"{value}\" is not an address: {error ?? "it is empty"}");
        }

        return mailboxes;
    }
}
