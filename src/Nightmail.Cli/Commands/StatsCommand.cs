using System.CommandLine;
using Nightmail.Cli.Printing;
using Nightmail.Core.Delivery;
using Nightmail.Core.Storage;

namespace Nightmail.Cli.Commands;

/// <summary><c>stats</c>: how many there are, what came of the last attempts, and how late they left.</summary>
internal sealed class StatsCommand : Verb
{
    /// <summary>Rows of the send log that are fetched at once.</summary>
    private const int PageRows = 10_000;

    /// <summary>The command.</summary>
    public StatsCommand()
        : base("stats", "Shows counts by status, what came of the last attempts, and how late emails left.", "nightmail stats", "nightmail stats --json")
    {
    }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var overview = await session.Store.OverviewAsync(cancellationToken);
        var rows = await RecentAsync(session, cancellationToken);
        var printer = new StatsPrinter(overview, SendStatistics.Of(rows, session.Now), SendStatistics.ByAccount(rows, session.Now));
        session.Print(session.Globals.Json ? JsonText.Line(printer.Write) : printer.Text());
        return ExitCodes.Done;
    }

    private static async Task<IReadOnlyList<SendLogEntry>> RecentAsync(Session session, CancellationToken cancellationToken)
    {
        var since = session.Now - SendStatistics.Span;
        var rows = new List<SendLogEntry>();
        IReadOnlyList<SendLogEntry> page;
        do
        {
            page = await session.SendLog.ListAsync(new(Before: rows.Count > 0 ? rows[^1].Number : null), PageRows, cancellationToken);
            rows.AddRange(page);
        }
        while (page.Count == PageRows && page[^1].At > since);

        return rows;
    }
}
