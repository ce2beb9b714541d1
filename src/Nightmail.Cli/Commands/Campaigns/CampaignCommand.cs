using System.CommandLine;
using Nightmail.Cli.Printing;
using Nightmail.Cli.Remote;

namespace Nightmail.Cli.Commands.Campaigns;

/// <summary><c>campaign</c>: one message to many, on a server.</summary>
internal sealed class CampaignCommand : CampaignVerb
{
    /// <summary>The command.</summary>
    public CampaignCommand()
        : base(
            "campaign",
            "Sends one message to many, through a server.",
            "nightmail campaign create \"Spring news\" --subject \"Hello {{name}}\" --html news.html --recipients people.csv",
            "nightmail campaign plan \"Spring news\"",
            "nightmail campaign schedule \"Spring news\" --at \"mon 8:00\"",
            "nightmail campaign follow \"Spring news\"")
    {
        foreach (var verb in (Verb[])[
            new CampaignCreateCommand(), new CampaignImportCommand(), new CampaignListCommand(), new CampaignShowCommand(), new CampaignPreviewCommand(), new CampaignTestCommand(), new CampaignPlanCommand(),
            new CampaignScheduleCommand(), new CampaignRescheduleCommand(), new CampaignFollowCommand(),
            new CampaignChangeCommand("pause", "Holds a campaign: nothing of it begins until it is resumed."),
            new CampaignChangeCommand("resume", "Lets a paused campaign go on."),
            new CampaignChangeCommand("cancel", "Takes back what has not left; who has it by then has it."),
            new CampaignChangeCommand("retry", "Tries again those that have failed."),
            new CampaignDuplicateCommand(), new CampaignRemoveCommand()]) Add(verb);
    }

    /// <inheritdoc/>
    public override Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken) =>
        throw CommandFailure.Usage("what about the campaigns? write: nightmail campaign create, import, list, show, preview, test, plan, schedule, reschedule, follow, pause, resume, cancel, retry, duplicate or remove");
}

/// <summary><c>campaign list</c>: all of them, the newest first.</summary>
internal sealed class CampaignListCommand() : CampaignVerb("list", "Lists the campaigns, the newest first.", "nightmail campaign list", "nightmail campaign list --json")
{
    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var campaigns = await new RemoteCampaigns(session).ListAsync(cancellationToken);
        if (session.Globals.Json)
        {
            session.Print(JsonText.Line(json =>
            {
                json.WriteStartArray();
                foreach (var campaign in campaigns) campaign.WriteTo(json);
                json.WriteEndArray();
            }));
        }
        else if (campaigns.Count == 0)
        {
            session.Note($"there is no campaign yet; {session.Command("campaign create NAME")} makes one");
        }
        else
        {
            new CampaignPrinter(session).List(campaigns);
        }

        return ExitCodes.Done;
    }
}

/// <summary><c>campaign show</c>: everything about one.</summary>
internal sealed class CampaignShowCommand() : OneCampaignVerb("show", "Shows a campaign and how far it is.")
{
    /// <inheritdoc/>
    protected override async Task RunAsync(RemoteCampaigns campaigns, string id, Session session, CancellationToken cancellationToken)
    {
        var found = await campaigns.GetAsync(id, "", cancellationToken);
        var printer = new CampaignPrinter(session);
        if (session.Globals.Json) printer.Json(found);
        else printer.Show(found, await campaigns.GetAsync(id, "/progress", cancellationToken));
    }
}

/// <summary><c>campaign plan</c>: a dry run.</summary>
internal sealed class CampaignPlanCommand() : OneCampaignVerb("plan", "Says, without sending, how many would go through which account when, and when it ends.")
{
    /// <inheritdoc/>
    protected override async Task RunAsync(RemoteCampaigns campaigns, string id, Session session, CancellationToken cancellationToken)
    {
        var plan = await campaigns.GetAsync(id, "/plan", cancellationToken);
        if (session.Globals.Json) new CampaignPrinter(session).Json(plan);
        else new CampaignPrinter(session).Plan(plan);
    }
}
