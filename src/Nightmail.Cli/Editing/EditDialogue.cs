using Nightmail.Cli.Running;
using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;

namespace Nightmail.Cli.Editing;

/// <summary>Has a person edit an email until it can be taken or they have enough. What could not be taken stays in a file that is named.</summary>
internal sealed class EditDialogue(Session session, ScheduledEmail email, IReadOnlyList<Account> accounts, bool allowPast)
{
    private readonly MessageEdit edit = MessageEdit.Of(email, session);

    /// <summary>Edits.</summary>
    /// <returns>The email as it is now; null: nothing was changed.</returns>
    public async Task<ScheduledEmail?> RunAsync(CancellationToken cancellationToken)
    {
        var before = await edit.WriteAsync(cancellationToken);
        var file = new EditorFile(email.Id, before, SecretVariables.Names(session.Settings.Accounts), session.Surroundings);
        try
        {
            while (true)
            {
                var after = await file.EditAsync(cancellationToken);
                try
                {
                    var wanted = after.AsSpan().SequenceEqual(before) ? null : Read(after);
                    var changed = wanted is null or { ChangesNothing: true } ? null : await new EditSaving(session, email, before).SaveAsync(wanted, cancellationToken);
                    file.Remove();
                    return changed;
                }
                catch (FormatException invalid)
                {
                    if (!WantsAnotherTry(invalid.Message)) throw CommandFailure.Refused($"nothing was changed: {invalid.Message}");
                }
            }
        }
        catch (CommandFailure failure)
        {
            throw new CommandFailure(failure.ExitCode, Kept(failure.Message, file, before));
        }
        catch (StoreException trouble)
        {
            throw new CommandFailure(NightmailApp.ExitCodeOf(trouble), Kept(trouble.Message, file, before));
        }
    }

    private WantedEdit Read(byte[] after)
    {
        var message = edit.Read(after);
        var wanted = new WantedEdit(message, message.SendAt is { } time ? When(time) : null, email);
        if (new Scheduler(session.Store, session.Surroundings.Time, accounts).Check(wanted.Request) is { } wrong) throw new FormatException($"{wrong.Field}: {wrong.Error}");
        return wanted;
    }

    private EmailChange.Reschedule When(string words) => new WhenParser(session.Zone, session.Surroundings.Time).Parse(words, allowPast) switch
    {
        WhenResult.Understood understood => new(understood.Instant, understood.Wish),
        WhenResult.Refused refused => throw new FormatException($"{EditableText.SendAt}: {refused.Error}"),
        var other => throw new InvalidOperationException($"unknown result {other.GetType().Name}"),
    };

    private bool WantsAnotherTry(string problem)
    {
        if (!session.Surroundings.InputIsTerminal || !session.Surroundings.OutputIsTerminal) return false;
        session.Note($"this cannot be taken: {problem}");
        session.Surroundings.Error.Write("open it again? [Y/n] ");
        using var input = new StreamReader(session.Surroundings.OpenInput());
        return input.ReadLine()?.Trim() is "" or "y" or "Y" or "yes";
    }

    /// <summary>The words with the place of the person's text, if they have written any.</summary>
    private static string Kept(string message, EditorFile file, byte[] before)
    {
        if (!file.Holds(before)) return $"{message}; your text is kept in {file.FilePath}";
        file.Remove();
        return message;
    }
}
