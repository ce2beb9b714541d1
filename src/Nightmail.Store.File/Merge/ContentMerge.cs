using Nightmail.Core.Emails;

namespace Nightmail.Store.File.Merge;

/// <summary>Merges what an email says, part by part.</summary>
internal static class ContentMerge
{
    /// <summary>The content as it is now, with what they changed since <paramref name="before"/>.</summary>
    public static EmailContent Merge(EmailContent before, EmailContent theirs, EmailContent now) => now with
    {
        From = Pick(before.From, theirs.From, now.From),
        To = Pick(before.To, theirs.To, now.To),
        Cc = Pick(before.Cc, theirs.Cc, now.Cc),
        Bcc = Pick(before.Bcc, theirs.Bcc, now.Bcc),
        Subject = Pick(before.Subject, theirs.Subject, now.Subject)!,
        Text = Pick(before.Text, theirs.Text, now.Text),
        Html = Pick(before.Html, theirs.Html, now.Html),
        Headers = Pick(before.Headers, theirs.Headers, now.Headers),
        Attachments = Pick(before.Attachments, theirs.Attachments, now.Attachments),
        Eml = Equals(before.Eml, theirs.Eml) ? now.Eml : theirs.Eml,
    };

    /// <summary>True when both say the same.</summary>
    public static bool Same(EmailContent one, EmailContent other) =>
        one.From == other.From && one.Subject == other.Subject && one.Text == other.Text && one.Html == other.Html && Equals(one.Eml, other.Eml)
        && one.To.SequenceEqual(other.To) && one.Cc.SequenceEqual(other.Cc) && one.Bcc.SequenceEqual(other.Bcc)
        && one.Headers.SequenceEqual(other.Headers) && one.Attachments.SequenceEqual(other.Attachments);

    private static string? Pick(string? before, string? theirs, string? now) => before == theirs ? now : theirs;

    private static IReadOnlyList<T> Pick<T>(IReadOnlyList<T> before, IReadOnlyList<T> theirs, IReadOnlyList<T> now) => before.SequenceEqual(theirs) ? now : theirs;
}
