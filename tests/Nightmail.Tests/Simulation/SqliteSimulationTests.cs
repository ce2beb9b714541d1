using System.Collections.Concurrent;
using System.Globalization;
using Nightmail.Testing.Simulation;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Simulation;

/// <summary>
/// The same worlds around a server on SQLite: it is killed whole, between its two commits as well, and a loss of power takes back what was
/// not flushed. <c>NIGHTMAIL_SQLITE_SEEDS=1..100000</c> runs others than the usual ones; a single seed prints what happened in it.
/// </summary>
public sealed class SqliteSimulationTests
{
    private const string UsualSeeds = "1..60";

    [Fact]
    public void Every_promise_holds_in_every_seeded_world()
    {
        var (first, last) = Seeds();
        var broken = new ConcurrentBag<string>();
        var (promised, probes, limits) = (0, 0, 0);
        Parallel.For(first, last + 1, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, (seed, loop) =>
        {
            SqliteSimulatedHouse? house = null;
            var world = new SimulatedWorld(seed, (time, random) => house = new(time, random));
            var failure = Failure(world);
            house?.Dispose();
            if (failure is null)
            {
                Interlocked.Add(ref promised, world.Promised);
                Interlocked.Add(ref probes, world.Accounts.Probes);
                Interlocked.Add(ref limits, world.Accounts.LimitsReached);
                return;
            }

            broken.Add($"seed {seed} (NIGHTMAIL_SQLITE_SEEDS={seed} shows the whole of it): {failure}{(first == last ? "\n" + string.Join('\n', world.Log) : "")}");
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
        var parts = (Environment.GetEnvironmentVariable("NIGHTMAIL_SQLITE_SEEDS") ?? UsualSeeds).Split("..");
        return (int.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[^1], CultureInfo.InvariantCulture));
    }
}
