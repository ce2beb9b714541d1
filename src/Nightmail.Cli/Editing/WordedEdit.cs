using System.Text;
using Nightmail.Cli.Drafts;
using Nightmail.Core.Emails;

namespace Nightmail.Cli.Editing;

/// <summary>Edits an email that was worded by options: its fields and its text. What is attached stays.</summary>
internal sealed class WordedEdit(EmailContent content, string sendAt) : MessageEdit
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly EditableText before = EditableText.Of(content, sendAt);

    /// <inheritdoc/>
    public override Task<byte[]> WriteAsync(CancellationToken cancellationToken) => Task.FromResult(Strict.GetBytes(before.Write()));

    /// <inheritdoc/>
    public override EditedMessage Read(byte[] bytes)
    {
        var original = EditableText.Read(before.Write());
        var edited = EditableText.Read(Decode(bytes));
        return new(
            content with
            {
                To = Mailboxes("To", content.To),
                Cc = Mailboxes("Cc", content.Cc),
                Bcc = Mailboxes("Bcc", content.Bcc),
                Subject = Differs("Subject") ? edited["Subject"] ?? "" : content.Subject,
                From = Differs("From") ? Mailboxes("From", [content.From ?? ""]) is [var from, ..] ? from : null : content.From,
                Headers = edited.Extra.SequenceEqual(original.Extra) ? content.Headers : edited.Extra,
                Text = edited.Text == original.Text ? content.Text : Ended(edited.Text, content.Text),
                Html = edited.Html == original.Html ? content.Html : edited.Html is { } html ? Ended(html, content.Html) : null,
            },
            Differs(EditableText.SendAt) && edited[EditableText.SendAt] is { Length: > 0 } time ? time : null);

        bool Differs(string name) => (edited[name] ?? "") != (original[name] ?? "");

        IReadOnlyList<string> Mailboxes(string name, IReadOnlyList<string> unchanged)
        {
            if (!Differs(name)) return unchanged;
            if (edited[name] is not { Length: > 0 } value) return [];
            return Mailbox.TryParseList(value, out _, out var error) ? MailboxWords.Read([value], name) : throw new FormatException($"{name}: {error}");
        }
    }

    // Editors end the last line whether or not it was ended before.
    private static string Ended(string edited, string? unedited) =>
        edited.EndsWith('\n') && unedited is { Length: > 0 } && !unedited.EndsWith('\n') ? edited[..^1] : edited;

    private static string Decode(byte[] bytes)
    {
        try
        {
            return Strict.GetString(bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes.AsSpan(Encoding.UTF8.Preamble.Length) : bytes);
        }
        catch (DecoderFallbackException other)
        {
            throw new FormatException("this is not text in UTF-8; save it in that encoding", other);
        }
    }
}
