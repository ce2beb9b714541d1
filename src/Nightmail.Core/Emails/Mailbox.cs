using System.Diagnostics.CodeAnalysis;

namespace Nightmail.Core.Emails;

/// <summary>
/// One mailbox of RFC 5322 section 3.4: an address and perhaps a display name. Parsed by the grammar (quoted local parts, comments,
/// domain literals, RFC 6532 characters), never by a regular expression.
/// </summary>
/// <param name="DisplayName">The name, unquoted; empty when there is none.</param>
/// <param name="LocalPart">The part before the at sign, unquoted.</param>
/// <param name="Domain">The part after it, as worded.</param>
public sealed record Mailbox(string DisplayName, string LocalPart, string Domain)
{
    /// <summary>The bare address as it goes into an SMTP command: the local part quoted where the grammar wants it.</summary>
    public string Address => throw new NotSupportedException("to be written");

    /// <summary>Reads exactly one mailbox.</summary>
    /// <param name="text">For example <c>Ada Lovelace &lt;ada@example.org&gt;</c>.</param>
    /// <param name="mailbox">The mailbox, when true is returned.</param>
    /// <param name="error">One line that names the position and what was expected there, when false is returned.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out Mailbox? mailbox, [NotNullWhen(false)] out string? error) =>
        throw new NotSupportedException("to be written");

    /// <summary>Reads a list of mailboxes and groups, separated by commas; the members of a group are listed singly.</summary>
    public static bool TryParseList(string text, out IReadOnlyList<Mailbox> mailboxes, [NotNullWhen(false)] out string? error) =>
        throw new NotSupportedException("to be written");
}
