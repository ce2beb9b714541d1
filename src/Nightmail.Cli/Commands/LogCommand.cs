using System.CommandLine;
using Nightmail.Cli.Printing;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Cli.Commands;

/// <summary><c>log [--follow] [ID]</c>: every attempt, what it came to, and the server's words.</summary>
internal sealed class LogCommand : Verb
{
    private const int DefaultRows = 100;

    /// <summary>As many rows are looked through between two looks at a log that is followed.</summary>
    private const int MostNewRows = 10_000;

    /// <summary>A person does not notice less, and the look costs a listing of a folder.</summary>
    private static readonly TimeSpan FollowInterval = TimeSpan.FromMilliseconds(500);

    private readonly Argument<string?> id = new("ID") { Description = "Only this email: its id, or as much of it as is unique", Arity = ArgumentArity.ZeroOrOne };
    private readonly Flag follow = new("--follow", "Go on with each attempt as it ends, until interrupted");
    private readonly Option<int?> last = new("--last") { Description = $"So many of the newest attempts ({DefaultRows}; of one email, all)", HelpName = "N" };

    /// <summary>The command.</summary>
    public LogCommand()
        : base("log", "Shows the attempts to send, the newest last: time, id, account, attempt, status after it, duration, the server's words.", "nightmail log", "nightmail log 9f3c21", "nightmail log --follow --json")
    {
        last.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && (!int.TryParse(text, out var rows) || rows < 0)) result.AddError($"--last '{text}' is no number of rows");
        });
        Add(id);
        Add(follow);
        Add(last);
    }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var email = words.GetValue(id) is { } text ? await EmailOfAsync(text, session, cancellationToken) : (EmailId?)null;
        var filter = new SendLogFilter(email);
        var printer = new SendLogPrinter(session);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var signals = follow.IsSet(words) ? session.Surroundings.OnStopSignal(stop.Cancel) : null;
        var begin = follow.IsSet(words) && await session.SendLog.ListAsync(filter, 1, cancellationToken) is [{ Number: var number }] ? number : 0;
        var newest = await session.SendLog.ListAsync(filter, words.GetValue(last) ?? (email is null ? DefaultRows : int.MaxValue), cancellationToken);
        printer.Print([.. newest.Reverse()]);
        if (follow.IsSet(words)) await FollowAsync(filter, begin, printer, session, stop.Token);
        else if (newest.Count == 0) session.Note("no attempt is known");
        return ExitCodes.Done;
    }

    // An email that has left the queue may still be in the log; then only its whole id names it.
    private static async Task<EmailId> EmailOfAsync(string text, Session session, CancellationToken cancellationToken) =>
        EmailId.TryParse(text, out var whole) ? whole : (await new EmailLookup(session).FindAsync(text, cancellationToken)).Id;

    private static async Task FollowAsync(SendLogFilter filter, long begin, SendLogPrinter printer, Session session, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(FollowInterval, session.Surroundings.Time);
        try
        {
            do
            {
                var after = Math.Max(begin, printer.Last);
                var newest = await session.SendLog.ListAsync(filter with { After = after }, MostNewRows, stop);
                printer.Print([.. newest.Reverse()]);
            }
            while (session.Surroundings.OutputFailure() is null && await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException)
        {
            // Interrupted, as it is meant to end.
        }
    }
}
