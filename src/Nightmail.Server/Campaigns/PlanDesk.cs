using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Server.Accounts;
using Nightmail.Server.Api;
using Nightmail.Server.Settings;

namespace Nightmail.Server.Campaigns;

/// <summary>Gathers what a plan of a campaign needs: what waits, who can send it, how fast that went lately.</summary>
internal sealed class PlanDesk(CampaignDesk desk, RecipientCheck check, ITemplateStore templates, ITemplateRenderer renderer, IEmailStore store, ICampaignEmails emails, ISendLog log, AccountBook book, SettingsBook settings, TimeProvider time)
{
    /// <summary>Attempts that tell how long one takes.</summary>
    private const int AttemptsToLookAt = 500;

    /// <summary>How long an attempt takes through an account that has sent nothing lately.</summary>
    private static readonly TimeSpan UsualAttempt = TimeSpan.FromMilliseconds(100);

    /// <summary>What would become of the campaign's waiting recipients.</summary>
    public async Task<PlanAnswer> PlanAsync(CampaignId id, CancellationToken cancellationToken)
    {
        var (campaign, counts, _) = await desk.FindAsync(id, cancellationToken);
        var words = await CampaignWords.OfAsync(campaign, templates, cancellationToken) ?? throw ApiProblem.Conflict("its template is gone");
        var found = await check.LookAsync(id, renderer.Inspect(words).Variables, cancellationToken);
        var circuit = (await settings.CurrentAsync(cancellationToken)).Circuit;
        var now = time.GetUtcNow();
        var start = campaign.ScheduledFor is { } at && at > now ? at : now;
        var accounts = await book.ReadyAsync(cancellationToken);
        var standings = await store.AccountsAsync(accounts, cancellationToken);
        var taken = await emails.TakenAsync(accounts, id, cancellationToken);
        var took = (await log.ListAsync(new(), AttemptsToLookAt, cancellationToken)).GroupBy(entry => entry.Account, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => TimeSpan.FromTicks((long)group.Average(entry => entry.Took.Ticks)), StringComparer.Ordinal);
        // A million emails are planned for a second or two: not on the thread that answers others.
        var plan = await Task.Run(() => CampaignPlanner.Plan(new()
        {
            Emails = Math.Max(0, counts.Pending + counts.Paused - found.Suppressed), Example = Example(campaign, start), Accounts = accounts, Circuit = circuit, Start = start,
            Facts = name => standings.First(each => each.Account.Name == name).Facts, AttemptTime = name => took.GetValueOrDefault(name, UsualAttempt),
            Taken = name => taken.GetValueOrDefault((name, id)),
        }), cancellationToken);
        return new(
            counts.Pending + counts.Paused, found.Suppressed, found.Lacking, found.Named, ApiTimes.Text(start), ApiTimes.Text(plan.Ends), plan.Left,
            [.. plan.Accounts.Select(each => new AccountPlanShape(each.Account, each.Emails, ApiTimes.Text(each.First), ApiTimes.Text(each.Last), each.Limit))],
            [.. plan.Slots.Select(each => new PlanSlotShape(each.Account, ApiTimes.Text(each.From), ApiTimes.Text(each.Until), each.Emails))]);
    }

    private ScheduledEmail Example(Campaign campaign, DateTimeOffset at) => new()
    {
        Id = EmailId.New(time), Content = new() { To = ["somebody@example.org"] }, ScheduledFor = at, CreatedAt = at, LastModified = at, Account = campaign.Account, Campaign = campaign.Id,
    };
}
