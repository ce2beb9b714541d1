using System.Globalization;
using Nightmail.Core.Emails;
using Nightmail.Testing.EndToEnd;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>Many processes change one file at once.</summary>
public sealed class ManyProcessesTests
{
    private const int Processes = 8, Changes = 204;

    [Fact]
    public async Task Eight_processes_with_two_hundred_changes_each_lose_nothing()
    {
        await using var home = Household.WithServer(1);
        await home.ScheduleManyAsync(100, _ => TimeProvider.System.GetUtcNow().AddDays(1));
        var program = Path.Combine(AppContext.BaseDirectory, "Nightmail.StoppingWorker");
        var running = Enumerable.Range(0, Processes).Select(number => home.StartOther(program, "changes", home.Queue, Changes.ToString(CultureInfo.InvariantCulture), $"process{number}")).ToList();
        var promised = new Dictionary<string, string>();
        foreach (var process in running)
        {
            var result = await process.WaitAsync();
            result.ExitCode.ShouldBe(0, result.Errors);
            var lines = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            foreach (var words in lines.Skip(1).Select(line => line.Split(' '))) promised.Add(words[0], words[1]);
            TestContext.Current.TestOutputHelper?.WriteLine($"longest wait for the lock: {lines[0]} ms");
        }

        promised.Count.ShouldBe(Processes * Changes / 3);
        await using var store = home.OpenStore();
        var rows = await store.ListAsync(new(), CancellationToken.None);
        var kept = rows.Where(row => row.Status != EmailStatus.Pending).ToDictionary(row => row.Id.ToString(), row => row.Status.Name());
        kept.ShouldBe(promised, ignoreOrder: true);
        rows.Count.ShouldBe(100 + promised.Count);
        (await store.OverviewAsync(CancellationToken.None)).TotalScheduled.ShouldBe(rows.Count);
        Directory.GetFiles(home.Folder, "*.tmp", SearchOption.AllDirectories).ShouldBeEmpty();
    }
}
