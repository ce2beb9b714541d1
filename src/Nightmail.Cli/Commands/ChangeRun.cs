using Nightmail.Cli.Configuration;
using Nightmail.Cli.Printing;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;

namespace Nightmail.Cli.Commands;

/// <summary>Makes one change to several emails, each with its line; the worst exit code is that of all.</summary>
/// <param name="session">The command's.</param>
/// <param name="change">The change.</param>
/// <param name="done">What to say about an email that was changed.</param>
internal sealed class ChangeRun(Session session, EmailChange change, Func<ScheduledEmail, string> done)
{
    /// <summary>So many are on their way at once where all that are meant are known: a store can write them together.</summary>
    private const int AtOnce = 100;

    private WhyContext? context;

    /// <summary>The emails that were changed, as they are now.</summary>
    public List<ScheduledEmail> Changed { get; } = [];

    /// <summary>Makes the change to each of the emails that the ids name.</summary>
    public async Task<int> RunAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var lookup = new EmailLookup(session);
        var worst = ExitCodes.Done;
        foreach (var id in ids) worst = Math.Max(worst, await ReportAsync(id, FindAndChangeAsync(id, lookup, cancellationToken), cancellationToken));
        return worst;
    }

    /// <summary>Makes the change to each of these emails.</summary>
    public async Task<int> RunAsync(IReadOnlyList<ScheduledEmail> emails, CancellationToken cancellationToken)
    {
        var worst = ExitCodes.Done;
        foreach (var some in emails.Chunk(AtOnce))
        {
            var changes = some.Select(email => ChangeAsync(email, cancellationToken)).ToList();
            for (var index = 0; index < some.Length; index++) worst = Math.Max(worst, await ReportAsync(some[index].Id.ToString(), changes[index], cancellationToken));
        }

        return worst;
    }

    private async Task<ScheduledEmail> FindAndChangeAsync(string id, EmailLookup lookup, CancellationToken cancellationToken) =>
        await ChangeAsync(await lookup.FindAsync(id, cancellationToken), cancellationToken);

    private async Task<ScheduledEmail> ChangeAsync(ScheduledEmail named, CancellationToken cancellationToken)
    {
        var result = await session.Store.ChangeAsync(named.Id, change, cancellationToken);
        if (result.Email is not { } email) throw CommandFailure.NotFound($"there is no email {named.Id} any more");
        if (result.Refusal is { } refusal) throw new CommandFailure(ExitCodes.WrongState, $"{email.Id} is left as it is: {refusal}");
        session.Log.Write(LogLevel.Information, $"{change.Name} {email.Id}: {named.Status.Name()} -> {email.Status.Name()}");
        return email;
    }

    private async Task<int> ReportAsync(string id, Task<ScheduledEmail> changing, CancellationToken cancellationToken)
    {
        try
        {
            var email = await changing;
            await PrintAsync(email, cancellationToken);
            Changed.Add(email);
            return ExitCodes.Done;
        }
        catch (CommandFailure failure)
        {
            return Fail(id, failure.ExitCode, failure.Message);
        }
        catch (StoreException trouble)
        {
            return Fail(id, NightmailApp.ExitCodeOf(trouble), trouble.Message);
        }
    }

    private async Task PrintAsync(ScheduledEmail email, CancellationToken cancellationToken)
    {
        if (session.Globals.Json)
        {
            context ??= await session.WhyContextAsync(cancellationToken);
            session.Print(JsonText.Line(json => EmailJson.Write(json, email, context)), $"{email.Id} {done(email)}");
        }
        else
        {
            session.Print($"{email.Id} {Printable.OneLine(done(email))}\n", $"{email.Id} {done(email)}");
        }
    }

    private int Fail(string id, int exitCode, string message)
    {
        session.Note($"nightmail: {message}");
        if (session.Globals.Json)
        {
            session.Print(JsonText.Line(json =>
            {
                json.WriteStartObject();
                json.WriteString("id", id);
                json.WriteString("error", message);
                json.WriteNumber("exitCode", exitCode);
                json.WriteEndObject();
            }));
        }

        return exitCode;
    }
}
