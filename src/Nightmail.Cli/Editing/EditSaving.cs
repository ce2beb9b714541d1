using Nightmail.Cli.Configuration;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;

namespace Nightmail.Cli.Editing;

/// <summary>What a person wants of an email that they have edited.</summary>
/// <param name="Message">Its content.</param>
/// <param name="Time">Its new time; null: it stays.</param>
/// <param name="Email">The email as it was opened.</param>
internal sealed record WantedEdit(EditedMessage Message, EmailChange.Reschedule? Time, ScheduledEmail Email)
{
    /// <summary>True when anything but the time differs.</summary>
    public bool ChangesContent => Message.Complete is not null || Message.Content != Email.Content;

    /// <summary>True when nothing differs.</summary>
    public bool ChangesNothing => Time is null && !ChangesContent;

    /// <summary>The email as it would be asked for now, to see whether it could be taken.</summary>
    public ScheduleRequest Request => new()
    {
        Content = Message.Content,
        ScheduledFor = Time?.ScheduledFor ?? Email.ScheduledFor,
        Account = Email.Account,
        NotAfter = Email.NotAfter,
        MessageId = Email.MessageId,
    };
}

/// <summary>Makes the changes that an edit comes to, if the email is still the one that was opened.</summary>
/// <param name="session">The command's.</param>
/// <param name="opened">The email as it was opened.</param>
/// <param name="before">The file as it was opened.</param>
internal sealed class EditSaving(Session session, ScheduledEmail opened, byte[] before)
{
    /// <summary>Saves.</summary>
    /// <returns>The email as it is now.</returns>
    /// <exception cref="CommandFailure">It has left, is leaving, or is another by now.</exception>
    public async Task<ScheduledEmail> SaveAsync(WantedEdit wanted, CancellationToken cancellationToken)
    {
        var content = wanted.ChangesContent ? new EmailChange.Edit(await wanted.Message.KeepAsync(session.Blobs, cancellationToken)) : null;
        var present = await RequireSameAsync(cancellationToken);

        // Between the two steps neither the old words may leave at an earlier time, nor the email at a time that was put off.
        var isLater = wanted.Time is { } time && time.ScheduledFor > opened.ScheduledFor;
        EmailChange?[] steps = isLater ? [wanted.Time, content] : [content, wanted.Time];
        ScheduledEmail? email = null;
        foreach (var step in steps)
        {
            if (step is not null) email = await ChangeAsync(Fenced(step, email ?? present), halfDone: email is not null, cancellationToken);
        }

        return email ?? opened;
    }

    /// <summary>An editor may be open for hours, and others may have edited the email meanwhile: theirs must not be lost unseen.</summary>
    private async Task<ScheduledEmail> RequireSameAsync(CancellationToken cancellationToken)
    {
        var now = await session.Store.FindAsync(opened.Id, cancellationToken) ?? throw CommandFailure.NotFound($"there is no email {opened.Id} any more");
        if (now.Content == opened.Content && now.ScheduledFor == opened.ScheduledFor) return now;
        if (!(await MessageEdit.Of(now, session).WriteAsync(cancellationToken)).AsSpan().SequenceEqual(before))
            throw new CommandFailure(ExitCodes.WrongState, $"{opened.Id} is left as it is: somebody else has edited it meanwhile; open it again");
        return now;
    }

    /// <summary>The step, refused if anybody changes the email between our look and it.</summary>
    private static EmailChange Fenced(EmailChange step, ScheduledEmail seen) => step switch
    {
        EmailChange.Edit edit => edit with { Seen = seen.LedgerLast },
        EmailChange.Reschedule time => time with { Seen = seen.LedgerLast },
        _ => step,
    };

    private async Task<ScheduledEmail> ChangeAsync(EmailChange change, bool halfDone, CancellationToken cancellationToken)
    {
        var result = await session.Store.ChangeAsync(opened.Id, change, cancellationToken);
        if (result.Email is not { } email) throw CommandFailure.NotFound($"there is no email {opened.Id} any more");
        if (result.Refusal is { } refusal)
        {
            var what = !halfDone ? "is left as it is" : change is EmailChange.Edit ? "has its new time but not its new text" : "has its new text but not its new time";
            throw new CommandFailure(ExitCodes.WrongState, $"{email.Id} {what}: {refusal}");
        }

        session.Log.Write(LogLevel.Information, $"{change.Name} {email.Id}: {opened.Status.Name()} -> {email.Status.Name()}");
        return email;
    }
}
