using System.Text.Json;
using Nightmail.Core.Emails;
using Nightmail.Testing.EndToEnd;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>The real program is killed while it writes the queue.</summary>
public sealed class KilledWritersTests
{
    private const int Seed = 20261125;

    [Fact]
    [Trait("Category", "Torture")]
    public async Task Killed_at_any_instant_the_file_is_valid_and_holds_what_was_acknowledged()
    {
        var kills = int.TryParse(Environment.GetEnvironmentVariable("NIGHTMAIL_TORTURE_ROUNDS"), out var rounds) ? rounds : 30;
        var random = new Random(Seed);
        await using var home = Household.WithServer(1);
        var promised = new Dictionary<string, string>();
        var inTime = 0;
        // The kills fall around the end of a run, where it writes, however slow the machine is today.
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        (await home.RunAsync("schedule", "--to", "grace@example.net", "--subject", "First", "--body", "x", "--at", "in 3d")).ExitCode.ShouldBe(0);
        var usual = (int)System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        for (var kill = 0; kill < kills; kill++)
        {
            var cancelled = promised.Where(each => each.Value == "pending").Select(each => each.Key).Skip(5).FirstOrDefault();
            string[] words = (kill % 4, cancelled) switch
            {
                (3, _) => ["backup", "create"],
                (2, { } id) => ["cancel", id],
                _ => ["schedule", "--to", "grace@example.net", "--subject", $"Number {kill}", "--body", "x", "--at", "in 3d"],
            };
            var victim = home.Start(words);
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(usual / 3, usual * 3 / 2)), TimeProvider.System);
            victim.Signal("KILL");
            var result = await victim.WaitAsync();
            if (result.ExitCode == 0 || result.Output.EndsWith('\n')) inTime++;
            if (words[0] == "schedule" && result.Output.EndsWith('\n')) promised.Add(result.Output.Split(' ', '\n')[0], "pending");
            else if (words[0] == "cancel") promised[cancelled!] = result.Output.EndsWith('\n') ? "cancelled" : "either";
            if (!File.Exists(home.Queue)) continue;
            using var document = JsonDocument.Parse(await File.ReadAllBytesAsync(home.Queue));
            var queue = document.RootElement.GetProperty("queue");
            foreach (var (id, status) in promised) queue.TryGetProperty(id, out _).ShouldBeTrue($"{id} ({status}) is lost after kill {kill}, seed {Seed}");
        }

        (await home.RunAsync("schedule", "--to", "grace@example.net", "--subject", "Last", "--body", "x", "--at", "in 3d")).ExitCode.ShouldBe(0);
        (await home.RunAsync("backup", "prune")).ExitCode.ShouldBe(0);
        Directory.GetFiles(home.Folder, "*.tmp", SearchOption.AllDirectories).ShouldBeEmpty();
        (await home.RunAsync("health")).ExitCode.ShouldBe(10, "nobody runs, and nothing else");
        foreach (var email in await home.ListAsync())
        {
            var wanted = promised.GetValueOrDefault(email.GetProperty("id").GetString()!, "either");
            if (wanted != "either") email.GetProperty("status").GetString().ShouldBe(wanted, $"seed {Seed}");
        }

        var backups = await home.RunAsync("backup", "list", "--json");
        backups.Json().EnumerateArray().ShouldAllBe(each => each.GetProperty("verified").GetBoolean());
        TestContext.Current.TestOutputHelper?.WriteLine($"{kills} kills, {inTime} had answered before, {promised.Count} emails acknowledged");
    }

    [Fact]
    public async Task Any_backup_is_restored_while_workers_run_and_nothing_leaves_twice()
    {
        await using var sink = await Testing.Smtp.SmtpSink.StartAsync();
        await using var home = Household.WithServer(sink.Port);
        var workers = new[] { await home.StartWorkerAsync(), await home.StartWorkerAsync() };
        var emails = new List<ScheduledEmail>();
        await using var store = home.OpenStore();
        var random = new Random(Seed);
        for (var round = 0; round < 8; round++)
        {
            emails.AddRange(await home.ScheduleManyAsync(10, _ => TimeProvider.System.GetUtcNow() + TimeSpan.FromMilliseconds(random.Next(0, 300))));
            await store.Backups.CreateAsync(CancellationToken.None);
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 250)), TimeProvider.System);
            var backups = await store.Backups.ListAsync(CancellationToken.None);
            await store.Backups.RestoreAsync(backups[random.Next(backups.Count)].Name, CancellationToken.None);
            await store.SetSendingPausedAsync(false, CancellationToken.None);
        }

        await home.WaitForAsync(rows => rows.Count == emails.Count && rows.All(row => row.Status == EmailStatus.Sent));
        foreach (var worker in workers) worker.Signal("TERM");
        foreach (var worker in workers) (await worker.WaitAsync()).ExitCode.ShouldBe(0, worker.Errors);
        sink.Messages().Select(message => message.Header("Message-ID")).ShouldBe(emails.Select(email => MessageIds.For(email, "sender.example")), ignoreOrder: true);
    }
}
