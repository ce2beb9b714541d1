using System.Collections.Concurrent;
using System.Globalization;
using Nightmail.Testing.Simulation;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Simulation;

/// <summary>
/// Whole worlds from a seed: workers, a person, a server with a temper, kills, power losses, a failing disk, an old queue that comes
/// back. <c>NIGHTMAIL_SEEDS=1..100000</c> runs others than the usual ones; a single seed prints what happened in it.
/// </summary>
public sealed class SimulationTests
{
    private const string UsualSeeds = "1..2000";

    [Fact]
    public void Every_promise_holds_in_every_seeded_world()
    {
        var (first, last) = Seeds();
        var broken = new ConcurrentBag<string>();
        var (promised, probes, limits) = (0, 0, 0);
        Parallel.For(first, last + 1, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, (seed, loop) =>
        {
            var world = new SimulatedWorld(seed, (time, random) => new FileSimulatedHouse(time, random));
            if (Failure(world) is not { } failure)
            {
                Interlocked.Add(ref promised, world.Promised);
                Interlocked.Add(ref probes, world.Accounts.Probes);
                Interlocked.Add(ref limits, world.Accounts.LimitsReached);
                return;
            }

            broken.Add($"seed {seed} (NIGHTMAIL_SEEDS={seed} shows the whole of it): {failure}{(first == last ? "\n" + string.Join('\n', world.Log) : "")}");
            if (broken.Count >= 10) loop.Stop();
        });
        broken.ShouldBeEmpty();
        promised.ShouldBeGreaterThan(last - first);
        if (last > first)
        {
            // What never happens cannot go wrong.
            probes.ShouldBeGreaterThan(0);
            limits.ShouldBeGreaterThan(0);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{last - first + 1} worlds, {promised} emails, {probes} probes, {limits} limits reached");
    }

    [Fact]
    public void A_seed_gives_the_same_world_every_time()
    {
        static SimulatedWorld Run()
        {
            var world = new SimulatedWorld(42, (time, random) => new FileSimulatedHouse(time, random));
            world.Run();
            return world;
        }

        Run().Log.ShouldBe(Run().Log);
    }

    private static string? Failure(SimulatedWorld world)
    {
        try
        {
            var broken = world.Run();
            return broken.Count == 0 ? null : string.Join("; ", broken);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            return fault.ToString();
        }
    }

    private static (int First, int Last) Seeds()
    {
        var parts = (Environment.GetEnvironmentVariable("NIGHTMAIL_SEEDS") ?? UsualSeeds).Split("..");
        return (int.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[^1], CultureInfo.InvariantCulture));
    }
}
