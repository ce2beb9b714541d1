using System.CommandLine;

namespace Nightmail.Cli.Commands.Campaigns;

/// <summary>A command about campaigns, which are on a server.</summary>
internal abstract class CampaignVerb(string name, string description, params string[] examples) : Verb(name, description, examples)
{
    /// <inheritdoc/>
    public override Reach Reach => Reach.Server;

    /// <summary>The campaign that is meant.</summary>
    protected static Argument<string> Named() => new("CAMPAIGN") { Description = "A campaign's id, as much of its beginning or end as is unique, or its name" };
}
