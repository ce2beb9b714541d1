using Nightmail.Core.Campaigns;

namespace Nightmail.Core.Storage;

/// <summary>
/// Keeps what a campaign's emails have in common. Every write is durable when it returns and is guarded by the version that the caller
/// saw: of two who change the same campaign at once, one is told to look again.
/// </summary>
public interface ICampaignStore
{
    /// <summary>Keeps a new campaign.</summary>
    ValueTask AddAsync(Campaign campaign, CancellationToken cancellationToken);

    /// <summary>The campaign, or null.</summary>
    ValueTask<Campaign?> FindAsync(CampaignId id, CancellationToken cancellationToken);

    /// <summary>Campaigns, the newest first, at most <paramref name="most"/>, those after <paramref name="after"/> in that order.</summary>
    ValueTask<IReadOnlyList<Campaign>> ListAsync(CampaignId? after, int most, CancellationToken cancellationToken);

    /// <summary>Writes the campaign over the one of the version before its own.</summary>
    /// <returns>False if that one is no longer there; then nothing was written.</returns>
    ValueTask<bool> UpdateAsync(Campaign campaign, CancellationToken cancellationToken);

    /// <summary>
    /// Marks a draft as one whose recipients are being imported, or takes the mark off. Its version stays. A campaign with the mark is not
    /// released: <see cref="UpdateAsync"/> then writes nothing.
    /// </summary>
    /// <returns>False if there is no such draft.</returns>
    ValueTask<bool> MarkImportAsync(CampaignId id, bool importing, CancellationToken cancellationToken);

    /// <summary>Forgets the campaign. Its emails are not touched.</summary>
    /// <returns>False if there was none.</returns>
    ValueTask<bool> RemoveAsync(CampaignId id, CancellationToken cancellationToken);
}

/// <summary>Keeps templates and all their versions. A version never changes.</summary>
public interface ITemplateStore
{
    /// <summary>Keeps a new template.</summary>
    /// <returns>False if its name is taken; then nothing was written.</returns>
    ValueTask<bool> AddAsync(Template template, CancellationToken cancellationToken);

    /// <summary>Keeps a version that follows the one it was made from.</summary>
    ValueTask<SaveResult> SaveAsync(Template template, CancellationToken cancellationToken);

    /// <summary>A version of the template, the newest where none is named; null when there is none.</summary>
    ValueTask<Template?> FindAsync(TemplateId id, int? version, CancellationToken cancellationToken);

    /// <summary>The newest versions of templates, by name, letter case aside, at most <paramref name="most"/>, those after the name <paramref name="after"/>.</summary>
    ValueTask<IReadOnlyList<Template>> ListAsync(string? after, int most, CancellationToken cancellationToken);

    /// <summary>Versions of a template, the newest first, at most <paramref name="most"/>, those before <paramref name="before"/>.</summary>
    ValueTask<IReadOnlyList<Template>> VersionsAsync(TemplateId id, int? before, int most, CancellationToken cancellationToken);

    /// <summary>Takes a template out of the list. Its versions stay for the campaigns that were scheduled with them.</summary>
    /// <returns>False if there was none.</returns>
    ValueTask<bool> RemoveAsync(TemplateId id, CancellationToken cancellationToken);
}

/// <summary>What became of a save.</summary>
public enum SaveResult
{
    /// <summary>It is kept.</summary>
    Saved,

    /// <summary>Somebody else saved in between, or it is gone; nothing was written.</summary>
    Outdated,

    /// <summary>Another one has that name; nothing was written.</summary>
    NameTaken,
}

/// <summary>Keeps who gets no campaign mail.</summary>
public interface ISuppressionStore
{
    /// <summary>Keeps them; those that are there already keep their reason and time.</summary>
    /// <returns>How many are new.</returns>
    ValueTask<int> AddAsync(IReadOnlyList<Suppression> suppressions, CancellationToken cancellationToken);

    /// <summary>Those of the targets that are suppressed.</summary>
    ValueTask<IReadOnlySet<string>> FindAsync(IReadOnlyCollection<string> targets, CancellationToken cancellationToken);

    /// <summary>In the order of their targets, at most <paramref name="most"/>, those after <paramref name="after"/>.</summary>
    ValueTask<IReadOnlyList<Suppression>> ListAsync(string? after, int most, CancellationToken cancellationToken);

    /// <summary>Lets the target get mail again.</summary>
    /// <returns>False if it was not suppressed.</returns>
    ValueTask<bool> RemoveAsync(string target, CancellationToken cancellationToken);
}
