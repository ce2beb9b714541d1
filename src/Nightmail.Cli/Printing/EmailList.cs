using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using NodaTime;

namespace Nightmail.Cli.Printing;

/// <summary>Emails as a table: id, status, when, to, subject.</summary>
internal static class EmailList
{
    private const int ToColumns = 32;

    /// <summary>The table.</summary>
    /// <param name="emails">Its rows.</param>
    /// <param name="ids">Short forms that are unique in the whole store.</param>
    /// <param name="zone">The zone to show times in.</param>
    /// <param name="now">The present.</param>
    /// <param name="width">The columns of the terminal; null: nothing is clipped.</param>
    public static string Text(IReadOnlyList<ScheduledEmail> emails, ShortIds ids, DateTimeZone zone, DateTimeOffset now, int? width)
    {
        var table = new TextTable("ID", "STATUS", "WHEN", "TO", "SUBJECT");
        foreach (var email in emails)
        {
            var when = email.SentAt ?? (email.Status.IsFinal() ? email.ScheduledFor : email.Due);
            table.Add(ids.Of(email.Id), StatusOf(email), $"{TimeWords.Short(when, zone, now)} ({TimeWords.Relative(when - now)})",
                Printable.Clip(RecipientsOf(email.Content), width is null ? null : ToColumns), email.Content.Subject);
        }

        return table.ToText(width);
    }

    private static string StatusOf(ScheduledEmail email) => email.Reason is { } reason ? $"{email.Status.Name()} ({reason.Name()})" : email.Status.Name();

    private static string RecipientsOf(EmailContent content)
    {
        var count = content.To.Count + content.Cc.Count + content.Bcc.Count;
        var first = content.To.Count > 0 ? content.To[0] : content.AllMailboxes.FirstOrDefault() ?? "";
        return count <= 1 ? first : $"{first} +{count - 1}";
    }
}
