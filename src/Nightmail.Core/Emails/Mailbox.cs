using System.Diagnostics.CodeAnalysis;
using System.Text;

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
    /// <summary>Longest local part in octets of UTF-8 (RFC 5321 4.5.3.1.1).</summary>
    public const int MaxLocalPart = 64;

    /// <summary>Longest text of one mailbox in octets: the longest line a message may have (RFC 5322 2.1.1).</summary>
    public const int MaxText = 998;

    /// <summary>
    /// The bare address as it goes into an SMTP command: the local part quoted where the grammar wants it, an international domain as
    /// A-labels. It is ASCII unless the local part is not; then only SMTPUTF8 can carry it.
    /// </summary>
    public string Address => Quoting.LocalPart(LocalPart) + "@" + (DomainName.TryToAscii(Domain, out var ascii) ? ascii : Domain);

    /// <summary>True when the address holds characters that only SMTPUTF8 (RFC 6531) can carry.</summary>
    public bool NeedsSmtpUtf8 => !Ascii.IsValid(LocalPart);

    /// <summary>The mailbox as a person would write it, unencoded: <c>"Lovelace, Ada" &lt;ada@example.org&gt;</c>. Reading it gives the same mailbox.</summary>
    public override string ToString()
    {
        var address = Quoting.LocalPart(LocalPart) + "@" + Domain;
        return DisplayName.Length == 0 ? address : $"{Quoting.Phrase(DisplayName)} <{address}>";
    }

    /// <summary>Reads exactly one mailbox.</summary>
    /// <param name="text">For example <c>Ada Lovelace &lt;ada@example.org&gt;</c>.</param>
    /// <param name="mailbox">The mailbox, when true is returned.</param>
    /// <param name="error">One line that names the position and what was expected there, when false is returned.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out Mailbox? mailbox, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        error = null;
        mailbox = PlainMailbox.Read(text);
        if (mailbox is not null) return true;
        if (text.Length > MaxText || Encoding.UTF8.GetByteCount(text) > MaxText)
        {
            error = $"the mailbox is longer than {MaxText} octets";
            return false;
        }

        mailbox = new MailboxParser(text).Single(out error);
        return mailbox is not null;
    }

    /// <summary>Reads a list of mailboxes and groups, separated by commas; the members of a group are listed singly.</summary>
    /// <param name="text">For example <c>ada@example.org, Team: bob@example.org, eve@example.org;</c>. Empty places between commas are skipped.</param>
    /// <param name="mailboxes">The mailboxes in order, when true is returned; none for an empty group.</param>
    /// <param name="error">One line that names the position and what was expected there, when false is returned.</param>
    public static bool TryParseList(string text, out IReadOnlyList<Mailbox> mailboxes, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        var found = new MailboxParser(text).List(out error);
        mailboxes = found ?? [];
        return found is not null;
    }
}
