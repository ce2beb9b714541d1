using System.CommandLine;
using Nightmail.Cli.Running;
using Nightmail.Core.Delivery;

namespace Nightmail.Cli.Commands;

/// <summary><c>run</c>: the worker, in the foreground.</summary>
internal sealed class RunCommand : Verb
{
    private readonly Flag once = new("--once", "Send what is due and end: for cron and timers");
    private readonly Flag untilEmpty = new("--until-empty", "End when nothing is pending or being sent; what was deferred is waited for");
    private readonly Option<int?> whilePid = new("--while-pid") { Description = "End when that process ends", HelpName = "PID" };

    /// <summary>The command.</summary>
    public RunCommand()
        : base("run", "Sends each email at its time, until it is stopped. Several at once are fine.", "nightmail run", "nightmail run --once", "nightmail run --while-pid $PPID")
    {
        whilePid.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && (!int.TryParse(text, out var pid) || pid <= 0)) result.AddError($"--while-pid '{text}' is not the id of a process");
        });
        Add(once);
        Add(untilEmpty);
        Add(whilePid);
    }

    /// <inheritdoc/>
    public override bool Works => true;

    /// <inheritdoc/>
    public override Reach Reach => Reach.Here;

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var accounts = session.RequireAccounts();
        if (once.IsSet(words) && untilEmpty.IsSet(words)) throw CommandFailure.Usage("--once and --until-empty exclude each other");
        session.NoteWarnings();
        session.Note($"worker started (pid {Environment.ProcessId}); queue {session.QueuePath}; accounts {string.Join(", ", accounts.Select(account => account.Name))}");

        using var shutdown = new Shutdown(session.Surroundings, cancellationToken);
        await using var log = new SendLogKeeper(session, new EventPrinter(session));
        await using var host = new WorkerHost(session, log);
        var mode = once.IsSet(words) ? WorkerMode.Once : untilEmpty.IsSet(words) ? WorkerMode.UntilEmpty : WorkerMode.Forever;
        var watching = words.GetValue(whilePid) is { } pid ? EndWithAsync(pid, shutdown) : Task.CompletedTask;
        var inOrder = await host.RunAsync(mode, shutdown);
        shutdown.Begin();
        await watching;
        session.Note(inOrder ? "worker ended" : "worker broken off: what waited for a server's answer is in doubt, or will be found by the next worker");
        return inOrder ? ExitCodes.Done : ExitCodes.Interrupted;
    }

    private static async Task EndWithAsync(int processId, Shutdown shutdown)
    {
        try
        {
            await ProcessWatch.WaitForEndAsync(processId, shutdown.Stop);
            shutdown.Begin();
        }
        catch (OperationCanceledException)
        {
            // The worker ended first.
        }
    }
}
