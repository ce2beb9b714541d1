using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;

namespace Nightmail.Cli.Printing;

/// <summary>Everything about one email, for people.</summary>
internal static class EmailDetails
{
    private const int NameColumns = 13;

    /// <summary>Lines of a name and a value, then the text.</summary>
    /// <param name="email">The email.</param>
    /// <param name="context">What its state is put into words with.</param>
    /// <param name="command">A command of this program, as it can be pasted.</param>
    public static string Text(ScheduledEmail email, WhyContext context, Func<string, string> command)
    {
        var text = new StringBuilder();
        Add(text, "id", email.Id.ToString());
        Add(text, "status", email.Reason is { } reason ? $"{email.Status.Name()} ({reason.Name()})" : email.Status.Name());
        Add(text, "why", Why.Explain(email, context));
        Add(text, "when", TimeWords.Explain(email.ScheduledFor, context.Zone, context.Now));
        if (email.Wish is { } wish && wish.TimeZone != context.Zone.Id) Add(text, "wished", $"{wish.Local} {wish.TimeZone}");
        if (email.NotAfter is { } notAfter) Add(text, "not after", TimeWords.Explain(notAfter, context.Zone, context.Now));
        Add(text, "account", email.Account ?? email.LastAccount);
        AddMessage(text, email, context);
        AddHistory(text, email, context);
        if (email.Content.Text is { Length: > 0 } body) text.Append('\n').Append(Printable.Lines(body).TrimEnd('\n')).Append('\n');
        else if (email.Content.Html is not null) text.Append("\n(HTML only: ").Append(command($"show {email.Id} --raw")).Append(")\n");
        return text.ToString();
    }

    private static void AddMessage(StringBuilder text, ScheduledEmail email, WhyContext context)
    {
        var content = email.Content;
        Add(text, "from", EmailJson.SenderOf(email, context));
        Add(text, "to", Join(content.To));
        Add(text, "cc", Join(content.Cc));
        Add(text, "bcc", Join(content.Bcc));
        Add(text, "subject", content.Subject);
        foreach (var header in content.Headers) Add(text, "header", $"{header.Name}: {header.Value}");
        foreach (var file in content.Attachments) Add(text, file.ContentId is null ? "attachment" : "inline", $"{file.FileName} ({file.Blob.Size} bytes)");
        if (content.Eml is { } eml) Add(text, "message", $"complete, {eml.Size} bytes");
    }

    private static void AddHistory(StringBuilder text, ScheduledEmail email, WhyContext context)
    {
        Add(text, "created", $"{TimeWords.Local(email.CreatedAt, context.Zone)}{(email.CreatedBy is { } who ? $" by {who}" : "")}");
        if (email.Attempts > 0) Add(text, "attempts", $"{email.Attempts}{(email.LastAttempt is { } last ? $", the last {TimeWords.Local(last, context.Zone)}" : "")}");
        foreach (var recipient in email.Recipients)
            Add(text, "recipient", $"{recipient.Address}: {Name(recipient.Status)}{(recipient.Reply is { } reply ? $" ({reply})" : "")}");
        Add(text, "last error", email.LastError);
        if (email.SentAt is { } sent) Add(text, "sent", $"{TimeWords.Local(sent, context.Zone)}{(email.SentReply is { } reply ? $": {reply}" : "")}");
    }

    private static string Name(RecipientStatus status) => status == RecipientStatus.InDoubt ? "in doubt" : status.ToString().ToLowerInvariant();

    private static string? Join(IReadOnlyList<string> mailboxes) => mailboxes.Count == 0 ? null : string.Join(", ", mailboxes);

    private static void Add(StringBuilder text, string name, string? value)
    {
        if (value is null) return;
        text.Append($"{name}:".PadRight(NameColumns)).Append(Printable.OneLine(value)).Append('\n');
    }
}
