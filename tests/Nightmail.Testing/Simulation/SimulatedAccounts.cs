using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Testing.Simulation;

/// <summary>What is wrong with the server of one account for a while.</summary>
public enum Ailment
{
    None,

    /// <summary>Nobody answers.</summary>
    Down,

    /// <summary>The login is refused.</summary>
    Login,

    /// <summary>421: too busy.</summary>
    Busy,

    /// <summary>550 5.7.1 to every recipient.</summary>
    Distrust,
}

/// <summary>
/// One to three accounts that may stand in for each other, with limits small enough to be reached. Watches what the engine tells of them and
/// what the server saw: no limit is ever exceeded, nothing is claimed for an open circuit, and one email at a time probes it.
/// </summary>
public sealed class SimulatedAccounts
{
    /// <summary>Emails on their way at once through one account.</summary>
    public const int Connections = 2;

    /// <summary>A claim and the news of an opening may cross while both wait for the disk.</summary>
    private static readonly TimeSpan Crossing = TimeSpan.FromSeconds(45);

    private readonly Dictionary<string, State> states;
    private readonly List<string> broken = [];
    private readonly HashSet<EmailId> askedBack = [];

    /// <summary>Accounts by the dice.</summary>
    public SimulatedAccounts(Random random)
    {
        var count = random.Next(1, 4);
        All = Account.WithStandIns([.. Enumerable.Range(0, count).Select(number => new Account
        {
            Name = number == 0 ? "work" : $"spare{number}", From = number == 0 ? "me@home.example" : $"me@spare{number}.example", IsDefault = number == 0,
            MaySendAs = random.Next(4) > 0 ? ["me@home.example"] : [], Priority = random.Next(1, 3), Weight = random.Next(1, 4), Transport = new TransportSettings.Folder("nowhere"),
            Limits = new()
            {
                Connections = Connections, PerMinute = Maybe(random, 1, 4), PerHour = Maybe(random, 3, 10), PerDay = Maybe(random, 6, 20),
            },
        })]);
        states = All.ToDictionary(account => account.Name, _ => new State());
    }

    /// <summary>The accounts.</summary>
    public IReadOnlyList<Account> All { get; }

    /// <summary>Longer than <see cref="Crossing"/>, so that there is something to see.</summary>
    public CircuitOptions Circuit { get; } = new() { NetworkCooldown = TimeSpan.FromMinutes(2), NetworkCooldownMax = TimeSpan.FromMinutes(20) };

    /// <summary>How many probes there were.</summary>
    public int Probes { get; private set; }

    /// <summary>How often an email left as the last that a limit allowed.</summary>
    public int LimitsReached { get; private set; }

    /// <summary>Takes in what a worker tells.</summary>
    public void On(EngineEvent happened, long step)
    {
        switch (happened)
        {
            case EngineEvent.AccountHeld held:
                states[held.Account] = new() { HeldAt = held.At, Until = held.Until };
                break;
            case EngineEvent.AccountWorks works:
                states[works.Account] = new();
                break;
            case EngineEvent.AccountProbing probing:
                var state = states[probing.Account];
                // Workers of one process hear each of it.
                if (state.Probe is { } other && other.Email != probing.Email && !askedBack.Contains(other.Email)) broken.Add($"{probing.Email} probes {probing.Account} in step {step} while {other.Email} has probed it since step {other.Step}");
                state.Probe = (probing.Email, step);
                Probes++;
                break;
            case EngineEvent.Recorded recorded:
                EndProbe(recorded.Email.Id);
                break;
            case EngineEvent.ClaimLost lost:
                EndProbe(lost.Email);
                break;
            case EngineEvent.Claimed claimed when states[claimed.Account] is { HeldAt: { } since, Until: { } until, Probe: null } && claimed.At > since + Crossing && claimed.At < until:
                broken.Add($"{claimed.Email} was claimed for {claimed.Account} at {claimed.At:O}, held from {since:O} until {until:O}");
                break;
        }
    }

    /// <summary>A person asks for an email back: if it is probing, another one may as soon as the store has agreed.</summary>
    public void AskedBack(EmailId email) => askedBack.Add(email);

    /// <summary>The person was answered. Without an answer both may have happened.</summary>
    public void Answered(EmailId email, bool taken)
    {
        askedBack.Remove(email);
        if (taken) EndProbe(email);
    }

    /// <summary>Somebody died, and with it what it would have told.</summary>
    public void NewsLost()
    {
        foreach (var name in states.Keys) states[name] = new();
    }

    /// <summary>What was broken.</summary>
    public IEnumerable<string> Broken(SimulatedServer server) => broken.Concat(All.SelectMany(account => Exceeded(account, server)));

    private IEnumerable<string> Exceeded(Account account, SimulatedServer server)
    {
        var dots = server.Dots.Where(dot => dot.Account == account.Name).GroupBy(dot => (dot.Email, dot.Attempt)).Select(attempt => attempt.Min(dot => dot.At)).Order().ToList();
        foreach (var (limit, length) in new[] { (account.Limits.PerMinute, TimeSpan.FromMinutes(1)), (account.Limits.PerHour, TimeSpan.FromHours(1)) })
        {
            if (limit is not { } most) continue;
            for (var index = most - 1; index < dots.Count; index++)
                if (dots[index] - dots[index - most + 1] < length) LimitsReached++;
            for (var index = most; index < dots.Count; index++)
                if (dots[index] - dots[index - most] < length) yield return $"{account.Name} sent {most + 1} emails from {dots[index - most]:O} to {dots[index]:O}, its limit is {most} in {length}";
        }

        if (account.Limits.PerDay is not { } aDay) yield break;
        foreach (var day in dots.GroupBy(at => at.UtcDateTime.Date))
            if (day.Count() > aDay) yield return $"{account.Name} sent {day.Count()} emails on {day.Key:yyyy-MM-dd}, its limit is {aDay}";
    }

    private void EndProbe(EmailId email)
    {
        foreach (var state in states.Values)
            if (state.Probe?.Email == email) state.Probe = null;
    }

    private static int? Maybe(Random random, int least, int most) => random.Next(3) == 0 ? random.Next(least, most) : null;

    private sealed class State
    {
        public DateTimeOffset? HeldAt { get; init; }

        public DateTimeOffset? Until { get; init; }

        public (EmailId Email, long Step)? Probe { get; set; }
    }
}
