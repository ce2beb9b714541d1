using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Mail.Mime;

/// <summary>Checks what an attempt brings to a message, so that nothing unfit reaches a header.</summary>
internal static class Identities
{
    /// <summary>The From mailbox.</summary>
    /// <exception cref="MessageInvalidException">It cannot be read.</exception>
    public static Mailbox From(MessageIdentity identity) => Mailbox(identity.From, "From");

    /// <summary>The Message-ID, its domain in ASCII.</summary>
    /// <exception cref="MessageInvalidException">It is none.</exception>
    public static string MessageId(MessageIdentity identity) => MessageId(identity.MessageId);

    /// <summary>The Message-ID, its domain in ASCII.</summary>
    /// <exception cref="MessageInvalidException">It is none.</exception>
    public static string MessageId(string value)
    {
        var at = value.LastIndexOf('@');
        if (at > 1 && value[0] == '<' && value[^1] == '>' && !Ascii.IsValid(value) && DomainName.TryToAscii(value[(at + 1)..^1], out var ascii))
            value = $"{value[..at]}@{ascii}>";
        var wellFormed = at > 1 && value.Length is > 4 and <= TextBody.MaxLine - 20 && value[0] == '<' && value[^1] == '>'
            && !value.AsSpan().ContainsAnyExceptInRange('!', '~') && !value.AsSpan(1, value.Length - 2).ContainsAny('<', '>');
        return wellFormed ? value : throw new MessageInvalidException("the Message-ID has to look like <something@domain>, in ASCII and without blanks");
    }

    /// <summary>The mailbox that is worded so, the n-th of its field.</summary>
    /// <exception cref="MessageInvalidException">It cannot be read; names field, place and position, not the text.</exception>
    public static Mailbox Mailbox(string text, string field, int number) =>
        Core.Emails.Mailbox.TryParse(text, out var mailbox, out var error) ? mailbox : throw new MessageInvalidException($"{field} {number}: {error}");

    /// <summary>The mailbox that is worded so.</summary>
    /// <param name="text">The wording.</param>
    /// <param name="field">Where it stands, for the error.</param>
    /// <exception cref="MessageInvalidException">It cannot be read; names the field and the position, not the text.</exception>
    public static Mailbox Mailbox(string text, string field) =>
        Core.Emails.Mailbox.TryParse(text, out var mailbox, out var error) ? mailbox : throw new MessageInvalidException($"{field}: {error}");
}
