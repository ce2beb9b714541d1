using System.CommandLine;
using Nightmail.Cli.Health;
using Nightmail.Cli.Remote;
using Nightmail.Core.Storage;

namespace Nightmail.Cli.Commands;

/// <summary><c>health</c>: whether mail leaves, and what to do if not.</summary>
internal sealed class HealthCommand : Verb
{
    /// <summary>Something wants a person's attention.</summary>
    public const int Degraded = 10;

    /// <summary>Mail does not leave, or something may be lost.</summary>
    public const int Broken = 11;

    private readonly Flag acknowledge = new("--acknowledge", "What was recovered has been looked at: report it no more");

    /// <summary>The command.</summary>
    public HealthCommand()
        : base("health", "Says whether all is well (exit 0), something wants attention (10) or something is broken (11), and what to do.", "nightmail health", "nightmail health --json") => Add(acknowledge);

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        if (acknowledge.IsSet(words) && await session.QueueFile.AcknowledgeRecoveryAsync(cancellationToken) is > 0 and var count) session.Note($"{count} reports acknowledged");
        var facts = await GatherAsync(session, cancellationToken);
        var findings = HealthCheck.Judge(facts, session.Command);
        session.Surroundings.Output.Write(session.Globals.Json ? HealthPrinter.Json(facts, findings) : HealthPrinter.Text(facts, findings, session.Zone));
        return findings.Count == 0 ? ExitCodes.Done : findings[0].Gravity == Gravity.Broken ? Broken : Degraded;
    }

    private static async Task<HealthFacts> GatherAsync(Session session, CancellationToken cancellationToken)
    {
        if (session.Server is { } server) return await GatherAsync(server, session, cancellationToken);
        var facts = new HealthFacts { Now = session.Now, File = session.QueueFile.Inspect(), Keeps = session.Keeps, LockTimeout = session.Settings.Persistence.LockTimeout };
        try
        {
            return facts with
            {
                Emails = await session.Store.ListAsync(new(), cancellationToken),
                SendingPaused = (await session.Store.OverviewAsync(cancellationToken)).SendingPaused,
                Workers = await session.Store.WorkersAsync(cancellationToken),
                Accounts = await session.Store.AccountsAsync(session.Settings.Accounts, cancellationToken),
            };
        }
        catch (StoreException unreadable)
        {
            // A ledger that cannot be read keeps the queue from being understood just as well.
            return facts.File is { ReadError: null } file ? facts with { File = file with { ReadError = unreadable.Message } } : facts;
        }
    }

    /// <summary>What is known of a server. One that does not answer is no degraded one: the command fails.</summary>
    private static async Task<HealthFacts> GatherAsync(ServerAddress server, Session session, CancellationToken cancellationToken)
    {
        var said = await session.Client.AskAsync(ServerRequest.Get("api/health"), cancellationToken);
        var overview = await session.Store.OverviewAsync(cancellationToken);
        return new()
        {
            Now = session.Now, File = null,
            Server = new(server.Text, said.TextOf("version") ?? "unknown", said.TextsOf("problems"), overview.Counts),
            Emails = await session.Store.ListAsync(new(), cancellationToken),
            SendingPaused = overview.SendingPaused,
            Workers = await session.Store.WorkersAsync(cancellationToken),
            Accounts = [.. (await session.AccountsAsync(cancellationToken)).Select(use => use.Standing)],
        };
    }
}
