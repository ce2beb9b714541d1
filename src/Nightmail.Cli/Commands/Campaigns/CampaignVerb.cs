using System.CommandLine;
using Nightmail.Cli.Remote;

namespace Nightmail.Cli.Commands.Campaigns;

/// <summary>A command about campaigns, which are on a server.</summary>
internal abstract class CampaignVerb(string name, string description, params string[] examples) : Verb(name, description, examples)
{
    /// <inheritdoc/>
    public override Reach Reach => Reach.Server;

    /// <summary>The campaign that is meant.</summary>
    protected static Argument<string> Named() => new("CAMPAIGN") { Description = "A campaign's id, as much of its beginning or end as is unique, or its name" };
}

/// <summary>A command about one campaign and no other word.</summary>
internal abstract class OneCampaignVerb : CampaignVerb
{
    private readonly Argument<string> campaign = Named();

    /// <summary>A command of that name.</summary>
    protected OneCampaignVerb(string name, string description)
        : base(name, description, $"nightmail campaign {name} \"Spring news\"") => Add(campaign);

    /// <inheritdoc/>
    public sealed override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var campaigns = new RemoteCampaigns(session);
        await RunAsync(campaigns, await campaigns.IdOfAsync(words.GetValue(campaign)!, cancellationToken), session, cancellationToken);
        return ExitCodes.Done;
    }

    /// <summary>Does it to the campaign of that id.</summary>
    protected abstract Task RunAsync(RemoteCampaigns campaigns, string id, Session session, CancellationToken cancellationToken);
}
