using System.Globalization;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Testing.Simulation;

/// <summary>
/// One seeded run: several workers on one store, a person, a server with a temper, kills, power losses, a failing disk, an old copy that
/// comes back. After the turmoil everything is well again, one worker finishes, and the promises are checked.
/// </summary>
public sealed class SimulatedWorld
{
    private static readonly TimeSpan Turmoil = TimeSpan.FromMinutes(25);
    private static readonly TimeSpan RestAtTheLatest = TimeSpan.FromDays(8);

    private readonly Random random;
    private readonly ManualTime time = new();
    private readonly SimulationContext context;
    private readonly ISimulatedHouse house;
    private readonly SimulatedServer server;
    private readonly SimulatedAccounts accounts;
    private readonly Dictionary<string, Life> workers = [];
    private readonly List<SimulatedPerson> persons = [];
    private readonly List<Promised> promised = [];
    private readonly List<string> log = [];
    private int births;
    private int deaths;
    private bool turmoil = true;
    private int copyAge = -1;

    public SimulatedWorld(int seed, Func<ManualTime, Random, ISimulatedHouse> build)
    {
        random = new Random(seed);
        context = new SimulationContext(random);
        house = build(time, random);
        server = new SimulatedServer(time, random, () => context.Steps);
        accounts = new SimulatedAccounts(random);
    }

    /// <summary>What happened, for the message of a failure.</summary>
    public IReadOnlyList<string> Log => log;

    /// <summary>Emails that were promised.</summary>
    public int Promised => promised.Count;

    /// <summary>Its accounts.</summary>
    public SimulatedAccounts Accounts => accounts;

    /// <summary>Runs the world.</summary>
    /// <returns>The promises that were broken; empty when all hold.</returns>
    public IReadOnlyList<string> Run()
    {
        List<string> broken = [];
        // Where an account takes a few emails a day the rest lasts for days, and what is left of dead processes looks around all the while.
        context.Run(async () => broken.AddRange(await LiveAsync()), time, BeforeStep, maxSteps: 2_000_000);
        return broken;
    }

    private async Task<IReadOnlyList<string>> LiveAsync()
    {
        var workerCount = random.Next(1, 4);
        for (var number = 0; number < workerCount; number++) _ = KeepAliveAsync($"worker{number}");
        var end = time.Elapsed + Turmoil;
        var person = NewPerson();
        while (time.Elapsed < end)
        {
            await Task.Delay(TimeSpan.FromSeconds(random.Next(1, 120)), time);
            person = await SomethingHappensAsync(person);
        }

        return await RestAsync();
    }

    private async Task<SimulatedPerson> SomethingHappensAsync(SimulatedPerson person)
    {
        switch (random.Next(40))
        {
            case 0:
                Note("power loss");
                foreach (var life in workers.Values) life.Die();
                house.PowerLoss();
                accounts.NewsLost();
                deaths++;
                return NewPerson();
            case 1:
                house.TakeCopy();
                copyAge = promised.Count;
                Note("a copy is taken");
                return person;
            case 2 or 3 when copyAge >= 0 && house.TryBringBackCopy():
                foreach (var email in promised.Skip(copyAge)) email.MayBeGone = true;
                Note("the old copy is brought back");
                return person;
            case 4 or 5:
                Note("the disk fails for a while");
                house.SetDiskTrouble(true);
                await Task.Delay(TimeSpan.FromSeconds(random.Next(1, 40)), time);
                house.SetDiskTrouble(false);
                return person;
            case 6 or 7 or 8:
                var sick = accounts.All[random.Next(accounts.All.Count)].Name;
                server.Ailments[sick] = (Ailment)random.Next(5);
                Note($"{sick} has the ailment {server.Ailments[sick]}");
                return person;
            default:
                var before = person.Emails.Count;
                await person.ActAsync(CancellationToken.None);
                promised.AddRange(person.Emails.Skip(before));
                return person;
        }
    }

    /// <summary>All is well again: whatever is held is resumed, and one worker finishes what is left.</summary>
    private async Task<IReadOnlyList<string>> RestAsync()
    {
        turmoil = false;
        Note("rest");
        house.SetDiskTrouble(false);
        server.Temper = ServerTemper.Calm;
        server.Ailments.Clear();
        foreach (var life in workers.Values) life.Stop.Cancel();
        foreach (var life in workers.Values) await life.Ended;
        await using var store = house.Open(NextName("last"));
        var ahead = (await store.ListAsync(new(), CancellationToken.None)).Where(row => row.LastError == Settlement.LostLedger).ToList();
        var last = new SimulatedPerson(store, time, random, () => context.Steps, accounts);
        foreach (var email in promised) await last.ResumeAsync(email, CancellationToken.None);
        var deadline = time.GetUtcNow() + RestAtTheLatest;
        using var giveUp = new CancellationTokenSource(RestAtTheLatest, time);
        await NewWorker(store, () => false).RunAsync(WorkerMode.UntilEmpty, giveUp.Token, CancellationToken.None);
        var rows = await store.ListAsync(new(), CancellationToken.None);
        var overview = await store.OverviewAsync(CancellationToken.None);
        List<string> broken = [.. persons.SelectMany(person => person.Broken), .. new PromiseCheck(server, promised, rows).Broken(), .. accounts.Broken(server)];
        broken.AddRange(ahead.Select(row => $"{row.Id} knows more than the ledger"));
        if (time.GetUtcNow() > deadline) broken.Add("the last worker found no end");
        if (overview.Counts.Values.Sum() != rows.Count) broken.Add($"promise 10: {overview.Counts.Values.Sum()} counted, {rows.Count} listed");
        if (copyAge < 0 && overview.TotalScheduled != rows.Count) broken.Add($"promise 10: {overview.TotalScheduled} ever scheduled, {rows.Count} rows");
        var doubtful = rows.Count(row => row.Status == EmailStatus.InDoubt);
        if (doubtful > server.LostReplies + (deaths * SimulatedAccounts.Connections * accounts.All.Count * 4)) broken.Add($"{doubtful} emails in doubt after {deaths} deaths and {server.LostReplies} lost replies");
        return broken;
    }

    /// <summary>A service manager: whenever the worker has died, starts it again after a while.</summary>
    private async Task KeepAliveAsync(string name)
    {
        while (turmoil)
        {
            var process = NextName(name);
            var life = new Life(process);
            workers[name] = life;
            Note($"{process} starts");
            try
            {
                await using var store = house.Open(process);
                var run = NewWorker(store, () => life.IsDead).RunAsync(WorkerMode.Forever, life.Stop.Token, CancellationToken.None);
                await Task.WhenAny(run, life.Death);
                if (!life.IsDead) await run;
            }
            catch (StoreException failed)
            {
                Note($"{process} ends: {failed.Message}");
            }

            life.End();
            if (turmoil) await Task.Delay(TimeSpan.FromSeconds(random.Next(1, 90)), time);
        }
    }

    private void BeforeStep()
    {
        if (!turmoil || random.Next(1_500) > 0 || workers.Count == 0) return;
        var life = workers.Values.ElementAt(random.Next(workers.Count));
        if (life.IsDead || life.Ended.IsCompleted) return;
        if (random.Next(4) == 0)
        {
            Note($"{life.Process} is told to stop");
            life.Stop.Cancel();
            return;
        }

        Note($"{life.Process} is killed");
        deaths++;
        accounts.NewsLost();
        house.Kill(life.Process);
        if (house.IsOneProcess)
        {
            foreach (var other in workers.Values) other.Die();
        }

        life.Die();
    }

    private Worker NewWorker(IEmailStore store, Func<bool> isDead)
    {
        var transports = accounts.All.ToDictionary(account => account.Name, account => new SimulatedTransport(server, account.Name, isDead));
        return new(new()
        {
            Store = store,
            Composer = new SimulatedComposer(),
            Accounts = accounts.All,
            Circuit = accounts.Circuit,
            Transports = name => transports[name],
            Time = time,
            Random = random,
            Observer = new Listener(this),
        });
    }

    private SimulatedPerson NewPerson()
    {
        var person = new SimulatedPerson(house.Open(NextName("person")), time, random, () => context.Steps, accounts);
        persons.Add(person);
        return person;
    }

    private string NextName(string name) => $"{name}-{++births}";

    private void Note(string what) => log.Add(string.Create(CultureInfo.InvariantCulture, $"{context.Steps,7} {time.GetUtcNow():HH:mm:ss.fff} {what}"));

    private sealed class Listener(SimulatedWorld world) : IEngineObserver
    {
        public void On(EngineEvent happened)
        {
            world.accounts.On(happened, world.context.Steps);
            world.Note(happened switch
            {
                EngineEvent.Recorded recorded => $"{recorded.Email.Id} attempt {recorded.Attempt}: {recorded.Email.Status.Name()} {recorded.Email.LastError}",
                EngineEvent.Rescued rescued => $"{rescued.Email.Id} rescued: {rescued.Email.Status.Name()}",
                EngineEvent.Claimed claimed => $"{claimed.Email} claimed, attempt {claimed.Attempt}",
                _ => happened.ToString() ?? "",
            });
        }
    }

    /// <summary>One process from start to end.</summary>
    private sealed class Life(string process)
    {
        private readonly TaskCompletionSource death = new();
        private readonly TaskCompletionSource ended = new();

        public string Process => process;

        public bool IsDead => death.Task.IsCompleted;

        public Task Death => death.Task;

        public Task Ended => ended.Task;

        public CancellationTokenSource Stop { get; } = new();

        public void Die() => death.TrySetResult();

        public void End() => ended.TrySetResult();
    }
}
