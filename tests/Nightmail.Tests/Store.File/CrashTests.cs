using Nightmail.Core.Storage;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>A process that dies, or a machine that loses power, at any call of any change: afterwards the old state is there or the new, and never less than was acknowledged.</summary>
public sealed class CrashTests
{
    /// <summary>Power losses tried at each call: which unsynced part survives is drawn anew each time.</summary>
    private const int PowerLosses = 12;

    public static TheoryData<string> Kinds => [.. ChangeScene.Names];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_process_killed_at_any_call_leaves_the_old_state_or_the_new(string kind)
    {
        var (before, after) = await StatesAsync(kind);
        for (var call = 1; await DiesAsync(kind, call, seed: call, powerLoss: false, before, after); call++)
        {
            // Until the change needs no more calls than that.
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Power_lost_at_any_call_leaves_the_old_state_or_the_new(string kind)
    {
        var (before, after) = await StatesAsync(kind);
        var died = true;
        for (var call = 1; died; call++)
        {
            for (var seed = 0; seed < PowerLosses; seed++) died = await DiesAsync(kind, call, seed * 1000, powerLoss: true, before, after);
        }
    }

    [Fact]
    public async Task A_call_with_a_key_that_died_anywhere_makes_one_email_when_it_is_repeated()
    {
        var died = true;
        for (var call = 1; died; call++)
        {
            for (var seed = 0; seed < PowerLosses; seed++)
            {
                var scene = await ChangeScene.CreateAsync(seed);
                died = await TryAsync(scene, "add with a key", call) is not null;
                if (seed % 2 == 0) scene.World.Disk.PowerLoss();
                scene.World.SessionOf(scene.Store).Die();
                var heir = scene.World.OpenFile();
                var email = Given.Email(scene.World.Time) with { IdempotencyKey = new("k", "h") };
                var repeated = (await heir.AddAsync([email], default)).Single();
                if (!died) repeated.ShouldBeOfType<AddResult.Existing>();
                (await heir.ListAsync(new(), default)).Count(row => row.IdempotencyKey?.Key == "k").ShouldBe(1);
            }
        }
    }

    [Fact]
    public async Task What_a_dead_process_left_unsynced_is_synced_before_it_is_relied_on()
    {
        var scene = await ChangeScene.CreateAsync(1);
        // The last call before the folder's sync: the rename is there to be seen, and not yet durable.
        scene.World.Disk.Trouble = call =>
        {
            if (call.Kind == DiskCallKind.SyncFolder) scene.World.SessionOf(scene.Store).DiesAtCall = call.Number + 1;
            return call.Kind == DiskCallKind.SyncFolder ? 5 : null;
        };
        await Should.ThrowAsync<Exception>(async () => await ChangeScene.Kinds["add with a key"](scene));
        scene.World.Disk.Trouble = null;
        var heir = scene.World.OpenFile();
        var repeated = await heir.AddAsync([Given.Email(scene.World.Time) with { IdempotencyKey = new("k", "h") }], default);
        var id = repeated.Single().ShouldBeOfType<AddResult.Existing>().Id;
        scene.World.Disk.PowerLoss();
        (await scene.World.OpenFile().FindAsync(id, default)).ShouldNotBeNull();
        scene.World.Disk.Start().List("/home/ada/.config/himalaya").ShouldNotContain(name => name.EndsWith(".tmp", StringComparison.Ordinal));
    }

    private static async Task<(string Before, string After)> StatesAsync(string kind)
    {
        var untouched = await ChangeScene.CreateAsync(0);
        var before = await untouched.SeenAfterwardsAsync();
        var changed = await ChangeScene.CreateAsync(0);
        await ChangeScene.Kinds[kind](changed);
        return (before, await changed.SeenAfterwardsAsync());
    }

    /// <summary>True when the change was cut off; false when it was acknowledged before that call.</summary>
    private static async Task<bool> DiesAsync(string kind, int call, int seed, bool powerLoss, string before, string after)
    {
        var scene = await ChangeScene.CreateAsync(seed);
        var died = await TryAsync(scene, kind, call);
        if (powerLoss) scene.World.Disk.PowerLoss();
        var seen = await scene.SeenAfterwardsAsync();
        if (died is null) seen.ShouldBe(after, $"{kind} was acknowledged, then {(powerLoss ? "the power failed" : "it was killed")} (seed {seed})");
        else seen.ShouldBeOneOf([before, after], $"{kind} died at call {call} (seed {seed})");
        return died is not null;
    }

    private static async Task<ProcessDiedException?> TryAsync(ChangeScene scene, string kind, int call)
    {
        var session = scene.World.SessionOf(scene.Store);
        session.DiesAtCall = session.Calls + call;
        try
        {
            await ChangeScene.Kinds[kind](scene);
            // The lock was released: that is the end of it.
            session.DiesAtCall = 0;
            return null;
        }
        catch (ProcessDiedException died)
        {
            return died;
        }
    }
}
