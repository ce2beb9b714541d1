using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Server.Api;
using Nightmail.Server.Events;

namespace Nightmail.Server.Campaigns;

/// <summary>Does what people want of campaigns: decides by the rules, writes the campaign, and sets the gate that claim and begin look at.</summary>
internal sealed class CampaignDesk(ICampaignStore campaigns, ICampaignEmails emails, IEmailStore store, RecipientCheck check, ITemplateStore templates, ISuppressionStore suppressions, ITemplateRenderer renderer, EngineReporter reporter, TimeProvider time, CampaignGates gates)
{
    /// <summary>Recipients in one transaction: well under 50 ms of writing.</summary>
    public const int RecipientsAtOnce = Slices.MostRows;

    /// <summary>Times that a step is tried anew because somebody else changed the campaign in between.</summary>
    private const int MostTries = 5;

    private readonly CampaignTurns imports = new();

    /// <summary>The campaign with its recipients counted.</summary>
    /// <exception cref="ApiProblem">404.</exception>
    public async Task<(Campaign Campaign, CampaignCounts Counts, CampaignStatus Status)> FindAsync(CampaignId id, CancellationToken cancellationToken)
    {
        var campaign = await campaigns.FindAsync(id, cancellationToken) ?? throw ApiProblem.NotFound("campaign", id.ToString());
        var counts = await emails.CountAsync(id, cancellationToken);
        return (campaign, counts, CampaignStatuses.Of(campaign, counts, time.GetUtcNow()));
    }

    /// <summary>
    /// Keeps recipients in a draft. Suppressed addresses and those that are there already are left out. Until the last of them is kept the
    /// campaign is marked, so that none goes out to a part of its list.
    /// </summary>
    public async Task<RecipientTally> AddAsync(Campaign campaign, IEnumerable<WordedRecipient> recipients, CancellationToken cancellationToken)
    {
        using var turn = await imports.TakeAsync(campaign.Id, cancellationToken);
        if (!await campaigns.MarkImportAsync(campaign.Id, importing: true, cancellationToken)) throw ApiProblem.Conflict("it is no draft any more; only a draft takes recipients");
        try
        {
            var tally = await AddAllAsync(campaign, recipients, cancellationToken);
            await campaigns.MarkImportAsync(campaign.Id, importing: false, CancellationToken.None);
            return tally;
        }
        catch (RecipientsRefusedException refused)
        {
            throw ApiProblem.Conflict(refused.Message);
        }
    }

    private async Task<RecipientTally> AddAllAsync(Campaign campaign, IEnumerable<WordedRecipient> recipients, CancellationToken cancellationToken)
    {
        var tally = new RecipientTally();
        foreach (var batch in Slices.Of(recipients, each => each.Variables?.Length ?? 0))
        {
            var suppressed = await suppressions.FindAsync([.. batch.SelectMany(each => Suppression.TargetsFor(each.Mailbox.Address)).Distinct(StringComparer.Ordinal)], cancellationToken);
            List<ScheduledEmail> wanted = [.. batch.Where(each => !Suppression.TargetsFor(each.Mailbox.Address).Any(suppressed.Contains)).Select(each => EmailOf(campaign, each))];
            var added = await emails.AddRecipientsAsync(campaign.Id, wanted, cancellationToken);
            tally = new(tally.Added + added, tally.Duplicates + wanted.Count - added, tally.Suppressed + batch.Count - wanted.Count);
        }

        return tally;
    }

    /// <summary>Lets a draft go at an instant: one write, from which on it starts by itself.</summary>
    public async Task<Campaign> ScheduleAsync(CampaignId id, DateTimeOffset at, Wish? wish, bool allowMissing, CancellationToken cancellationToken)
    {
        var (draft, counts, status) = await FindAsync(id, cancellationToken);
        Require(CampaignAction.Schedule, status, counts);
        if (draft.IsImporting) throw ApiProblem.Conflict(imports.IsTaken(id) ? "its recipients are coming in: ask again when that has ended" : "its last import did not end: send the file again");
        // No recipient comes in between the check of their variables and the release.
        using var turn = await imports.TakeAsync(id, cancellationToken);
        var template = draft.Template is { } name ? await templates.FindAsync(name, null, cancellationToken) ?? throw ApiProblem.NotFound("template", name.ToString()) : null;
        var fixedDraft = draft with { TemplateVersion = template?.Version };
        await RequireWordsAsync(fixedDraft, allowMissing, cancellationToken);
        // What was checked is what is released: words that were edited meanwhile were not.
        return await ChangeAsync(id, CampaignAction.Schedule, campaign => campaign.Version != draft.Version ? throw ApiProblem.Outdated() : campaign with { Stance = CampaignStance.Released, ScheduledFor = at, Wish = wish, TemplateVersion = template?.Version }, cancellationToken);
    }

    /// <summary>Gives a campaign that has not started another time.</summary>
    public Task<Campaign> RescheduleAsync(CampaignId id, DateTimeOffset at, Wish? wish, CancellationToken cancellationToken) =>
        ChangeAsync(id, CampaignAction.Reschedule, campaign => campaign with { ScheduledFor = at, Wish = wish }, cancellationToken);

    /// <summary>Once this has returned, nothing of it begins until it is resumed.</summary>
    public Task<Campaign> PauseAsync(CampaignId id, CancellationToken cancellationToken) =>
        ChangeAsync(id, CampaignAction.Pause, campaign => campaign with { Stance = CampaignStance.Paused }, cancellationToken);

    /// <summary>Ends a pause.</summary>
    public Task<Campaign> ResumeAsync(CampaignId id, CancellationToken cancellationToken) =>
        ChangeAsync(id, CampaignAction.Resume, campaign => campaign with { Stance = CampaignStance.Released }, cancellationToken);

    /// <summary>Once this has returned, nothing of it begins any more.</summary>
    public Task<Campaign> CancelAsync(CampaignId id, CancellationToken cancellationToken) =>
        ChangeAsync(id, CampaignAction.Cancel, campaign => campaign with { Stance = CampaignStance.Cancelled }, cancellationToken);

    /// <summary>
    /// Forgets a campaign. One whose recipients wait is cancelled first, and so is a draft while recipients may come in: the import that is
    /// under way adds nobody more, and whom it has added follow the gate.
    /// </summary>
    public async Task RemoveAsync(CampaignId id, CancellationToken cancellationToken)
    {
        var (seen, counts, status) = await FindAsync(id, cancellationToken);
        Require(CampaignAction.Delete, status, counts);
        if (status is CampaignStatus.Draft && (counts.Open > 0 || seen.IsImporting || imports.IsTaken(id))) await CancelAsync(id, cancellationToken);
        using var turn = await gates.TurnAsync(id, cancellationToken);
        await campaigns.RemoveAsync(id, CancellationToken.None);
        // Whoever began an import between the two looks at the gate alone.
        if (imports.IsTaken(id) || (await emails.CountAsync(id, CancellationToken.None)).Open > 0) await gates.CloseForGoodAsync(id);
    }

    /// <summary>Makes the failed recipients pending again, some at a time: whoever asks again after a crash goes on.</summary>
    /// <returns>How many are pending again, and how many could not be.</returns>
    public async Task<(long Retried, long Refused)> RetryAsync(CampaignId id, CancellationToken cancellationToken)
    {
        var (_, counts, status) = await FindAsync(id, cancellationToken);
        Require(CampaignAction.Retry, status, counts);
        // Not over any more; said first, so that it is over again only after what follows.
        await UpdateAsync(id, campaign => campaign with { CompletedAt = null }, cancellationToken);
        var (retried, refused) = (0L, 0L);
        EmailId? after = null;
        while (await emails.RecipientsAsync(id, EmailStatus.Failed, after, RecipientsAtOnce, cancellationToken) is { Count: > 0 } some)
        {
            var results = await Task.WhenAll(some.Select(email => store.ChangeAsync(email.Id, new EmailChange.Retry(), cancellationToken).AsTask()));
            retried += results.Count(result => result.Done);
            refused += results.Count(result => !result.Done);
            after = some[^1].Id;
        }

        reporter.Campaign(id, CampaignStatus.Sending);
        return (retried, refused);
    }

    /// <summary>Changes a campaign without a rule: what is noted of it, not what becomes of it.</summary>
    /// <returns>False: it is gone, or the change is none.</returns>
    public async Task<bool> UpdateAsync(CampaignId id, Func<Campaign, Campaign> change, CancellationToken cancellationToken)
    {
        for (var tries = 1; tries <= MostTries; tries++)
        {
            if (await campaigns.FindAsync(id, cancellationToken) is not { } seen || change(seen) is var changed && changed == seen) return false;
            if (await campaigns.UpdateAsync(changed with { Version = seen.Version + 1 }, cancellationToken)) return true;
        }

        return false;
    }

    /// <summary>Sets all gates to what the campaigns say.</summary>
    public Task AlignGatesAsync(CancellationToken cancellationToken) => gates.AlignAsync(cancellationToken);

    private async Task<Campaign> ChangeAsync(CampaignId id, CampaignAction action, Func<Campaign, Campaign> change, CancellationToken cancellationToken)
    {
        using var turn = await gates.TurnAsync(id, cancellationToken);
        for (var tries = 1; ; tries++)
        {
            var (seen, counts, status) = await FindAsync(id, cancellationToken);
            if (CampaignRules.WhyNot(action, status, counts) is { } refusal)
            {
                // It may say already what is wanted, and its gate not: whoever asks again must not be told so while it is sent.
                await gates.FollowRowAsync(id);
                throw ApiProblem.Conflict(refusal);
            }

            var changed = change(seen) with { Version = seen.Version + 1 };
            if (await gates.WriteAsync(seen, changed))
            {
                reporter.Campaign(id, CampaignStatuses.Of(changed, counts, time.GetUtcNow()));
                return changed;
            }

            if (tries == MostTries) throw ApiProblem.Outdated();
        }
    }

    private static void Require(CampaignAction action, CampaignStatus status, CampaignCounts counts)
    {
        if (CampaignRules.WhyNot(action, status, counts) is { } refusal) throw ApiProblem.Conflict(refusal);
    }

    /// <summary>Refuses words that cannot be rendered, and recipients that lack a variable.</summary>
    private async Task RequireWordsAsync(Campaign campaign, bool allowMissing, CancellationToken cancellationToken)
    {
        var words = await CampaignWords.OfAsync(campaign, templates, cancellationToken) ?? throw ApiProblem.NotFound("template", campaign.Template.ToString()!);
        var findings = renderer.Inspect(words);
        if (findings.Problem is { } problem) throw ApiProblem.Invalid(problem.Field, problem.Error);
        if (string.IsNullOrWhiteSpace(words.Subject)) throw ApiProblem.Invalid("subject", "it has no subject");
        if (words.Html is null && words.Text is null) throw ApiProblem.Invalid("html", "it has neither HTML nor text");
        if (allowMissing) return;
        var lacking = await check.LackingAsync(campaign.Id, findings.Variables, cancellationToken);
        if (lacking.Count == 0) return;
        var more = lacking.Count > RecipientCheck.MostNamed ? "; and more" : "";
        throw ApiProblem.Invalid("variables", $"variables are missing; add them, or send with allowMissing. {string.Join("; ", lacking.Take(RecipientCheck.MostNamed))}{more}");
    }

    private ScheduledEmail EmailOf(Campaign campaign, WordedRecipient recipient)
    {
        var now = time.GetUtcNow();
        return new()
        {
            Id = EmailId.New(time), Content = new() { To = [recipient.Mailbox.ToString()], Cc = campaign.Cc, Bcc = campaign.Bcc }, ScheduledFor = now, CreatedAt = now, LastModified = now,
            Account = campaign.Account, Campaign = campaign.Id, Variables = Variables.WithRecipient(recipient),
        };
    }
}

/// <summary>What became of recipients that were to be added.</summary>
internal sealed record RecipientTally(long Added = 0, long Duplicates = 0, long Suppressed = 0);
