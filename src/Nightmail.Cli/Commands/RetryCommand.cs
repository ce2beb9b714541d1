using System.CommandLine;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;

namespace Nightmail.Cli.Commands;

/// <summary><c>retry ID… | --failed</c>: makes failed or doubtful emails pending again.</summary>
internal sealed class RetryCommand : Verb
{
    private readonly Argument<string[]> ids = Words.Ids(optional: true);
    private readonly Flag failed = new("--failed", "All that have failed; what is in doubt must be named one by one");

    /// <summary>The command.</summary>
    public RetryCommand()
        : base("retry", "Makes failed or doubtful emails pending again, for the recipients who do not have them.", "nightmail retry 9f3c21", "nightmail retry --failed")
    {
        Add(ids);
        Add(failed);
    }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var named = words.GetValue(ids) ?? [];
        if (failed.IsSet(words) == named.Length > 0) throw CommandFailure.Usage("name the emails to retry, or say --failed for all that have failed");
        var run = new ChangeRun(session, new EmailChange.Retry(), _ => "pending again");
        var exitCode = named.Length > 0 ? await run.RunAsync(named, cancellationToken) : await RetryFailedAsync(run, session, cancellationToken);
        if (run.Changed.Count > 0) await WhoSends.NoteAsync(session, cancellationToken);
        return exitCode;
    }

    private static async Task<int> RetryFailedAsync(ChangeRun run, Session session, CancellationToken cancellationToken)
    {
        session.ExpectMany();
        var all = await session.Store.ListAsync(new() { Statuses = [EmailStatus.Failed] }, cancellationToken);
        if (all.Count == 0) session.Note("nothing has failed");
        return await run.RunAsync(all, cancellationToken);
    }
}
