using Nightmail.Core.Accounts;

namespace Nightmail.Core.Campaigns;

/// <summary>
/// Says beforehand how many emails go through which account when. It asks <see cref="AccountRoom"/>, the same that gives emails to accounts
/// while they are sent, moment after moment, on a clock of its own. It assumes that nothing else is sent, and that nothing fails. Pure.
/// </summary>
public sealed class CampaignPlanner
{
    /// <summary>A plan is as fine as this.</summary>
    private static readonly TimeSpan ShortestRound = TimeSpan.FromSeconds(1);

    /// <summary>Emails with less between them are one slot.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    /// <summary>Rounds of a plan without limits: a million emails take a second or two to plan.</summary>
    private const int UsualRounds = 20_000;

    /// <summary>Rounds at which it ends: years, where limits are small.</summary>
    private const int MostRounds = 200_000;

    private const int MostSlots = 500;

    private readonly PlanQuestion question;
    private readonly TimeSpan round;
    private readonly AccountCapacities capacities;
    private readonly Dictionary<string, List<DateTimeOffset>> begins = [];
    private readonly Dictionary<string, AccountPlan> plans = [];
    private readonly Dictionary<string, int> open = [];
    private readonly List<PlanSlot> slots = [];

    private CampaignPlanner(PlanQuestion question)
    {
        this.question = question;
        round = RoundOf(question);
        // What an account takes in one round, in place of what it takes at once.
        capacities = new(question.Accounts.Select(account => (account with { Limits = account.Limits with { Connections = InOneRound(account) } }, int.MaxValue))) { Circuit = question.Circuit };
        foreach (var account in question.Accounts) begins[account.Name] = [.. question.Facts(account.Name).Begins];
    }

    /// <summary>The plan.</summary>
    public static CampaignPlan Plan(PlanQuestion question) => new CampaignPlanner(question).Run();

    private CampaignPlan Run()
    {
        var (now, left) = (question.Start, question.Emails);
        for (var rounds = 0; left > 0 && rounds < MostRounds; rounds++)
        {
            var room = new AccountRoom(capacities, name => FactsAt(name, now), now, (name, _) => question.Taken(name) + Planned(name));
            var taken = Take(room, now, left);
            left -= taken;
            if (taken > 0)
            {
                now += round;
                continue;
            }

            foreach (var standing in room.Standings.Where(each => each.Obstacle == AccountObstacle.LimitReached && plans.ContainsKey(each.Account.Name)))
                plans[standing.Account.Name] = plans[standing.Account.Name] with { Limit = standing.Limit };
            if (room.EarliestFor(question.Example with { ScheduledFor = now }) is not { } next || next <= now) break;
            now = next;
        }

        NoteUsedUp();
        return new([.. question.Accounts.Where(each => plans.ContainsKey(each.Name)).Select(each => plans[each.Name])], slots, left, left > 0 || plans.Count == 0 ? null : plans.Values.Max(each => each.Last));
    }

    private long Planned(string account) => plans.TryGetValue(account, out var plan) ? plan.Emails : 0;

    /// <summary>An account that has had all that it may of the campaign is held up by that for good, whatever else held it up on the way.</summary>
    private void NoteUsedUp()
    {
        foreach (var account in question.Accounts)
        {
            if (account.Limits.PerCampaign is { } limit && plans.TryGetValue(account.Name, out var plan) && question.Taken(account.Name) + plan.Emails >= limit)
                plans[account.Name] = plan with { Limit = $"{limit} a campaign" };
        }
    }

    private long Take(AccountRoom room, DateTimeOffset now, long left)
    {
        var taken = 0L;
        var example = question.Example with { ScheduledFor = now };
        while (taken < left && room.TryTake(example) is { } grant)
        {
            begins[grant.Account].Add(now);
            Note(grant.Account, now);
            taken++;
        }

        return taken;
    }

    private void Note(string account, DateTimeOffset now)
    {
        plans[account] = plans.TryGetValue(account, out var plan) ? plan with { Emails = plan.Emails + 1, Last = now } : new(account, 1, now, now, null);
        if (open.TryGetValue(account, out var index) && now - slots[index].Until <= Pause + round) slots[index] = slots[index] with { Until = now, Emails = slots[index].Emails + 1 };
        else if (slots.Count < MostSlots)
        {
            open[account] = slots.Count;
            slots.Add(new(account, now, now, 1));
        }
        else open.Remove(account);
    }

    private AccountFacts FactsAt(string name, DateTimeOffset now)
    {
        var began = begins[name];
        var old = began.Count - RateCap.CountAfter(began, now - RateCap.LongestWindow);
        // Not each time: taking from the front moves all the others.
        if (old > began.Count / 2) began.RemoveRange(0, old);
        var circuit = question.Facts(name).Circuit;
        // The probe is taken to go well.
        return new(circuit.OpenUntil > now ? circuit with { Probe = null } : Circuit.Closed, 0, 0, began);
    }

    private int InOneRound(Account account) => (int)Math.Clamp(Math.Floor(account.Limits.Connections * (round / Positive(question.AttemptTime(account.Name)))), 1, int.MaxValue);

    private static TimeSpan RoundOf(PlanQuestion question)
    {
        if (question.Accounts.Count == 0) return ShortestRound;
        var perSecond = question.Accounts.Sum(account => account.Limits.Connections / Positive(question.AttemptTime(account.Name)).TotalSeconds);
        var slowest = question.Accounts.Max(account => Positive(question.AttemptTime(account.Name)) / account.Limits.Connections);
        var even = TimeSpan.FromSeconds(Math.Min(question.Emails / perSecond / UsualRounds, TimeSpan.FromDays(1).TotalSeconds));
        return even > slowest ? (even > ShortestRound ? even : ShortestRound) : slowest > ShortestRound ? slowest : ShortestRound;
    }

    private static TimeSpan Positive(TimeSpan took) => took > TimeSpan.FromMilliseconds(1) ? took : TimeSpan.FromMilliseconds(1);
}
