using System.CommandLine;
using Nightmail.Cli.Printing;
using Nightmail.Cli.Remote;

namespace Nightmail.Cli.Commands.Campaigns;

/// <summary><c>campaign schedule</c>: lets a draft go.</summary>
internal sealed class CampaignScheduleCommand : CampaignVerb
{
    private readonly Argument<string> campaign = Named();
    private readonly Option<string?> at = Words.At("When it starts; without it, now");
    private readonly Flag allowMissing = new("--allow-missing", "Send although recipients lack variables that the words use");

    /// <summary>The command.</summary>
    public CampaignScheduleCommand()
        : base("schedule", "Lets a draft go, now or at a time.", "nightmail campaign schedule \"Spring news\" --at \"mon 8:00\"", "nightmail campaign schedule \"Spring news\"")
    {
        Add(campaign);
        Add(at);
        Add(allowMissing);
    }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var when = words.GetValue(at) is { } text ? session.When(text) : null;
        if (when?.Note is { } note) session.Note(note);
        var campaigns = new RemoteCampaigns(session);
        var id = await campaigns.IdOfAsync(words.GetValue(campaign)!, cancellationToken);
        var scheduled = await campaigns.DoAsync(id, "schedule", json =>
        {
            if (when is not null) EmailWriting.WriteTime(json, when.Instant, when.Wish, DateTimeOffset.MinValue);
            if (allowMissing.IsSet(words)) json.WriteBoolean("allowMissing", true);
        }, cancellationToken);
        if (session.Globals.Json) new CampaignPrinter(session).Json(scheduled);
        else session.Print($"{id} {when?.Explanation ?? "goes now"}\n", $"{id} is scheduled all the same");
        await WhoSends.NoteAsync(session, cancellationToken);
        session.Note($"{session.Command($"campaign follow {id}")} shows how far it is");
        return ExitCodes.Done;
    }
}

/// <summary><c>campaign reschedule</c>: gives one that has not started another time.</summary>
internal sealed class CampaignRescheduleCommand : CampaignVerb
{
    private readonly Argument<string> campaign = Named();
    private readonly Option<string?> at = Words.At("The new time");

    /// <summary>The command.</summary>
    public CampaignRescheduleCommand()
        : base("reschedule", "Gives a campaign that has not started, or is paused, another time.", "nightmail campaign reschedule \"Spring news\" --at \"tomorrow 9:00\"")
    {
        at.Required = true;
        Add(campaign);
        Add(at);
    }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var when = session.When(words.GetValue(at)!);
        if (when.Note is { } note) session.Note(note);
        var campaigns = new RemoteCampaigns(session);
        var id = await campaigns.IdOfAsync(words.GetValue(campaign)!, cancellationToken);
        var status = (await campaigns.GetAsync(id, "", cancellationToken)).TextOf("status");
        // A draft would be let go by the same request, and nobody asked for that.
        if (status is not ("scheduled" or "paused")) throw new CommandFailure(ExitCodes.WrongState, $"{id} is left as it is: it is {status}; {(status == "draft" ? $"{session.Command($"campaign schedule {id} --at WHEN")} lets it go" : "only one that waits or is paused can be given another time")}");
        var moved = await campaigns.DoAsync(id, "schedule", json => EmailWriting.WriteTime(json, when.Instant, when.Wish, DateTimeOffset.MinValue), cancellationToken);
        if (session.Globals.Json) new CampaignPrinter(session).Json(moved);
        else session.Print($"{id} {when.Explanation}\n");
        return ExitCodes.Done;
    }
}

/// <summary><c>campaign pause | resume | cancel | retry</c>: the changes that need no more words.</summary>
internal sealed class CampaignChangeCommand(string change, string description) : OneCampaignVerb(change, description)
{
    /// <inheritdoc/>
    protected override async Task RunAsync(RemoteCampaigns campaigns, string id, Session session, CancellationToken cancellationToken)
    {
        await campaigns.DoAsync(id, Name, null, cancellationToken);
        var now = await campaigns.GetAsync(id, "", cancellationToken);
        if (session.Globals.Json) new CampaignPrinter(session).Json(now);
        else session.Print($"{id} {now.TextOf("status")}: {CampaignPrinter.Counts(now.Below("counts"))}\n", $"{Name} of {id} stands all the same");
    }
}

/// <summary><c>campaign duplicate</c>: a draft with the same words and no recipients.</summary>
internal sealed class CampaignDuplicateCommand() : OneCampaignVerb("duplicate", "Makes a draft with the same words, without recipients.")
{
    /// <inheritdoc/>
    protected override async Task RunAsync(RemoteCampaigns campaigns, string id, Session session, CancellationToken cancellationToken)
    {
        var copy = await campaigns.MakeAsync(id, "duplicate", null, cancellationToken);
        if (session.Globals.Json) new CampaignPrinter(session).Json(copy);
        else session.Print($"{copy.TextOf("id")} draft: {Printable.OneLine(copy.TextOf("name") ?? "")}\n");
    }
}

/// <summary><c>campaign remove</c>: forgets one that is over, or a draft.</summary>
internal sealed class CampaignRemoveCommand() : OneCampaignVerb("remove", "Forgets a draft, or a campaign that is over.")
{
    /// <inheritdoc/>
    protected override async Task RunAsync(RemoteCampaigns campaigns, string id, Session session, CancellationToken cancellationToken)
    {
        await campaigns.RemoveAsync(id, cancellationToken);
        session.Print(session.Globals.Json ? $"{{\"removed\":\"{id}\"}}\n" : $"{id} removed\n");
    }
}
