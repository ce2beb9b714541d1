using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;

namespace Nightmail.Store.File.Merge;

/// <summary>What somebody changed in one email of the file, as the changes that a command would have made.</summary>
/// <param name="Before">The row as they had loaded it.</param>
/// <param name="Theirs">The row as they saved it.</param>
internal sealed record WantedChange(ScheduledEmail Before, ScheduledEmail Theirs)
{
    /// <summary>The changes, to be granted one by one, that lead from <paramref name="now"/> to what they wanted.</summary>
    public IEnumerable<EmailChange> On(ScheduledEmail now)
    {
        var status = Theirs.Status == Before.Status || Theirs.Status == now.Status ? null : ToStatus(now.Status);
        if (status is EmailChange.Cancel or EmailChange.MarkSent)
        {
            yield return status;
            yield break;
        }

        if (status is not null and not EmailChange.Pause) yield return status;
        var content = ContentMerge.Merge(Before.Content, Theirs.Content, now.Content);
        if (!ContentMerge.Same(content, now.Content) || ChangesEnvelope(now)) yield return new EmailChange.Edit(content);
        if (Theirs.ScheduledFor != Before.ScheduledFor && Theirs.ScheduledFor != now.ScheduledFor)
            yield return new EmailChange.Reschedule(Theirs.ScheduledFor, Equals(Theirs.Wish, Before.Wish) ? null : Theirs.Wish);
        if (status is EmailChange.Pause) yield return status;
    }

    /// <summary>The row after a granted change, with what no change of ours has a word for.</summary>
    public ScheduledEmail Complete(ScheduledEmail row, EmailChange granted) => granted switch
    {
        EmailChange.Edit => row with
        {
            Account = Theirs.Account != Before.Account ? Theirs.Account : row.Account,
            NotAfter = Theirs.NotAfter != Before.NotAfter ? Theirs.NotAfter : row.NotAfter,
            MessageId = Theirs.MessageId != Before.MessageId ? Theirs.MessageId : row.MessageId,
        },
        // Whoever writes that it is done has seen to it in another way. The ledger's line keeps it from leaving.
        EmailChange.Cancel when Theirs.Status is EmailStatus.Sent or EmailStatus.Failed => row with { Status = Theirs.Status, Reason = Theirs.Reason, SentAt = Theirs.SentAt, LastError = Theirs.LastError },
        _ => row,
    };

    private bool ChangesEnvelope(ScheduledEmail now) =>
        (Theirs.Account != Before.Account && Theirs.Account != now.Account)
        || (Theirs.NotAfter != Before.NotAfter && Theirs.NotAfter != now.NotAfter)
        || (Theirs.MessageId != Before.MessageId && Theirs.MessageId != now.MessageId);

    private EmailChange? ToStatus(EmailStatus now) => Theirs.Status switch
    {
        // Of another time than the row that it would be made from: it is old, and not resumed or retried by anybody.
        EmailStatus.Pending when Theirs.LastModified != Before.LastModified => null,
        EmailStatus.Cancelled => new EmailChange.Cancel(),
        EmailStatus.Paused => new EmailChange.Pause(),
        EmailStatus.Pending when now == EmailStatus.Paused => new EmailChange.Resume(),
        EmailStatus.Pending when now is EmailStatus.Failed or EmailStatus.InDoubt => new EmailChange.Retry(),
        EmailStatus.Pending when now is EmailStatus.Sending => null,
        // It is final: resuming says why it stays so.
        EmailStatus.Pending => new EmailChange.Resume(),
        EmailStatus.Sent when now == EmailStatus.InDoubt => new EmailChange.MarkSent(),
        EmailStatus.Sent or EmailStatus.Failed => new EmailChange.Cancel(),
        _ => null,
    };
}
