using System.CommandLine;
using System.Text.Json;
using Nightmail.Cli.Printing;
using Nightmail.Cli.Remote;

namespace Nightmail.Cli.Commands.Campaigns;

/// <summary><c>campaign follow</c>: how far it is, until it is over.</summary>
internal sealed class CampaignFollowCommand : CampaignVerb
{
    private static readonly string[] Over = ["completed", "completed_with_failures", "cancelled", "failed"];

    /// <summary>A person does not notice less, and a million recipients are counted from their tally.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Argument<string> campaign = Named();

    /// <summary>The command.</summary>
    public CampaignFollowCommand()
        : base("follow", "Shows how far a campaign is until it is over (exit 0: all have it; 1: some do not), or until interrupted.", "nightmail campaign follow \"Spring news\"", "nightmail campaign follow \"Spring news\" --json") => Add(campaign);

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var signals = session.Surroundings.OnStopSignal(stop.Cancel);
        var campaigns = new RemoteCampaigns(session);
        var id = await campaigns.IdOfAsync(words.GetValue(campaign)!, cancellationToken);
        var (line, printer) = (new ProgressLine(session), new CampaignPrinter(session));
        var said = "";
        try
        {
            using var timer = new PeriodicTimer(Interval, session.Surroundings.Time);
            while (true)
            {
                var progress = await campaigns.GetAsync(id, "/progress", stop.Token);
                var status = progress.TextOf("status") ?? "";
                if (Over.Contains(status)) return End(progress, status, line, session);
                line.Draw(progress.NumberOf("total") - progress.NumberOf("pending") - progress.NumberOf("sending") - progress.NumberOf("paused"), progress.NumberOf("total"), Words(progress, status, printer));
                var counts = CampaignPrinter.Counts(progress);
                if (said != counts && (session.Globals.Json || !session.Surroundings.OutputIsTerminal)) Say(progress, status, counts, session);
                said = counts;
                if (session.Surroundings.OutputFailure() is not null || !await timer.WaitForNextTickAsync(stop.Token)) break;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Interrupted, as a person ends it; the campaign goes on.
        }

        line.Clear();
        return ExitCodes.Done;
    }

    private static string Words(JsonElement progress, string status, CampaignPrinter printer) => $"{status}; {CampaignPrinter.Counts(progress)}{(printer.Pace(progress) is { } end ? $"; ends {end}" : "")}";

    private static void Say(JsonElement progress, string status, string counts, Session session) =>
        session.Print(session.Globals.Json ? JsonText.Line(progress.WriteTo) : $"{status}; {counts}\n");

    private static int End(JsonElement progress, string status, ProgressLine line, Session session)
    {
        line.Clear();
        Say(progress, status, CampaignPrinter.Counts(progress), session);
        return status == "completed" ? ExitCodes.Done : ExitCodes.Refused;
    }
}
