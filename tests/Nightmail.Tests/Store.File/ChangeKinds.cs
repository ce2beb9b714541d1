using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.File;
using Nightmail.Testing.Store;
using Shouldly;

namespace Nightmail.Tests.Store.File;

/// <summary>A process with a few emails in every stage, about to make one change that a test lets go wrong.</summary>
internal sealed class ChangeScene
{
    private ChangeScene(FakeStoreWorld world, FileEmailStore store, IWorkerPresence worker) => (World, Store, Worker) = (world, store, worker);

    public FakeStoreWorld World { get; }

    public FileEmailStore Store { get; }

    public IWorkerPresence Worker { get; }

    public ScheduledEmail Waiting { get; private set; } = null!;

    public ScheduledEmail Doubtful { get; private set; } = null!;

    public Claim Claimed { get; private set; } = null!;

    public Claim Begun { get; private set; } = null!;

    /// <summary>Every kind of change there is.</summary>
    public static IReadOnlyDictionary<string, Func<ChangeScene, Task>> Kinds { get; } = new Dictionary<string, Func<ChangeScene, Task>>
    {
        ["nothing"] = _ => Task.CompletedTask,
        ["add"] = async scene => await scene.Store.AddAsync([scene.New(), scene.New(), scene.New()], default),
        ["add with a key"] = async scene => await scene.Store.AddAsync([scene.New() with { IdempotencyKey = new("k", "h") }], default),
        ["add with an attachment"] = async scene =>
        {
            var blob = await scene.Store.Blobs.AddAsync(new MemoryStream(Encoding.UTF8.GetBytes("the bytes")), default);
            await scene.Store.AddAsync([scene.New() with { Content = new() { To = ["a@example.net"], Attachments = [new("a.txt", blob)] } }], default);
        },
        ["import"] = async scene =>
        {
            var blob = await scene.Store.Blobs.AddAsync(new MemoryStream(Encoding.UTF8.GetBytes("the bytes")), default);
            var foreign = scene.New() with { Content = new() { To = ["a@example.net"], Attachments = [new("a.txt", blob)] }, IdempotencyKey = new("k", "h") };
            await scene.Store.ImportAsync([new(foreign) { Unknown = "{\"mood\": 1}" }, new(scene.New() with { Status = EmailStatus.Sending }), new(scene.New() with { Status = EmailStatus.Sent })], default);
        },
        ["claim"] = async scene =>
        {
            scene.World.Time.Advance(TimeSpan.FromHours(2));
            await scene.Store.ClaimDueAsync(scene.Worker.Id, Given.Capacity(), default);
        },
        ["begin"] = async scene => (await scene.Store.BeginAsync(scene.Claimed, Given.Begin(scene.Claimed, scene.World.Time), default)).ShouldBeNull(),
        ["outcome"] = async scene => await scene.Store.AppendOutcomeAsync(Given.Result(scene.Begun, Verdict.Delivered, scene.World.Time).Outcome!, default),
        ["record"] = async scene => (await scene.Store.RecordAsync(scene.Begun, Given.Result(scene.Begun, Verdict.Delivered, scene.World.Time), default)).ShouldBeTrue(),
        ["record a deferral"] = async scene => await scene.Store.RecordAsync(scene.Begun, Given.Result(scene.Begun, Verdict.Deferred, scene.World.Time), default),
        ["cancel"] = async scene => (await scene.Store.ChangeAsync(scene.Waiting.Id, new EmailChange.Cancel(), default)).Done.ShouldBeTrue(),
        ["reschedule"] = async scene => (await scene.Store.ChangeAsync(scene.Waiting.Id, new EmailChange.Reschedule(scene.Waiting.ScheduledFor.AddDays(1), null), default)).Done.ShouldBeTrue(),
        ["retry"] = async scene => (await scene.Store.ChangeAsync(scene.Doubtful.Id, new EmailChange.Retry(), default)).Done.ShouldBeTrue(),
        ["mark sent"] = async scene => (await scene.Store.ChangeAsync(scene.Doubtful.Id, new EmailChange.MarkSent(), default)).Done.ShouldBeTrue(),
        ["add, which makes a backup"] = async scene =>
        {
            scene.World.Time.Advance(TimeSpan.FromMinutes(2));
            await scene.Store.AddAsync([scene.New()], default);
        },
        ["keep a backup"] = async scene => await scene.Store.Backups.CreateAsync(default),
        ["restore a backup"] = async scene => await scene.Store.Backups.RestoreAsync((await scene.Store.Backups.ListAsync(default))[^1].Name, default),
        ["prune the backups"] = async scene => await scene.Store.Backups.PruneAsync(default),
        ["clean up"] = async scene =>
        {
            scene.World.Time.Advance(TimeSpan.FromDays(40));
            (await scene.Store.CleanUpAsync(TimeSpan.FromDays(7), default)).ShouldBe(1);
        },
        ["pause all"] = async scene => await scene.Store.SetSendingPausedAsync(true, default),
    };

    /// <summary>The names of <see cref="Kinds"/>.</summary>
    public static IEnumerable<string> Names => Kinds.Keys.Where(name => name != "nothing");

    /// <summary>Makes the scene.</summary>
    public static async Task<ChangeScene> CreateAsync(int seed)
    {
        var world = new FakeStoreWorld(seed);
        var store = world.OpenFile();
        var scene = new ChangeScene(world, store, await store.EnterAsync(default));
        var over = (await store.AddAsync([Given.Email(world.Time) with { IdempotencyKey = new("over", "h") }], default)).OfType<AddResult.Added>().Single().Email;
        await store.ChangeAsync(over.Id, new EmailChange.Cancel(), default);
        var first = await scene.ClaimAsync();
        await store.BeginAsync(first, Given.Begin(first, world.Time), default);
        await store.RecordAsync(first, Given.Result(first, Verdict.InDoubt, world.Time), default);
        scene.Doubtful = (await store.FindAsync(first.Email.Id, default))!;
        scene.Begun = await scene.ClaimAsync();
        await store.BeginAsync(scene.Begun, Given.Begin(scene.Begun, world.Time), default);
        scene.Claimed = await scene.ClaimAsync();
        scene.Waiting = (await store.AddAsync([Given.Email(world.Time, TimeSpan.FromHours(1))], default)).OfType<AddResult.Added>().Single().Email;
        return scene;
    }

    /// <summary>What a new process makes of what is there, after the old one is dead; ids and times of writing left out.</summary>
    public async Task<string> SeenAfterwardsAsync()
    {
        World.SessionOf(Store).Die();
        var heir = World.OpenFile();
        await heir.RescueAsync(DoubtPolicy.Hold, default);
        var seen = await SeenByAsync(heir);
        (await SeenByAsync(World.OpenFile())).ShouldBe(seen);
        return seen;
    }

    /// <summary>What a store sees.</summary>
    public static async Task<string> SeenByAsync(FileEmailStore store)
    {
        var lines = new List<string>();
        foreach (var row in await store.ListAsync(new(), default))
        {
            foreach (var attachment in row.Content.Attachments) store.Blobs.Open(attachment.Blob).Dispose();
            lines.Add($"{row.Status} {row.Reason} {row.ScheduledFor:O} {row.Due:O} {row.Attempts} {row.LostClaims} {row.SentReply} {string.Join(",", row.Recipients)}");
        }

        var overview = await store.OverviewAsync(default);
        (overview.Counts.Values.Sum() + overview.Pruned.Values.Sum()).ShouldBe(overview.TotalScheduled);
        return string.Join('\n', lines.Order(StringComparer.Ordinal).Append($"paused: {overview.SendingPaused}"));
    }

    private ScheduledEmail New() => Given.Email(World.Time, TimeSpan.FromDays(2));

    private async Task<Claim> ClaimAsync()
    {
        await Store.AddAsync([Given.Email(World.Time)], default);
        return (await Store.ClaimDueAsync(Worker.Id, Given.Capacity(), default)).Single();
    }
}
