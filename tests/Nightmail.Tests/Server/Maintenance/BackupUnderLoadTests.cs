using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Nightmail.Core.Emails;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server.Maintenance;

/// <summary>Backups while emails are scheduled and sent.</summary>
[Trait("Category", "Torture")]
public sealed class BackupUnderLoadTests
{
    private const int Kept = 5;
    private const int AtOnce = 50;
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    /// <summary>Backups in one run; <c>./dev torture</c> asks for more.</summary>
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("NIGHTMAIL_TORTURE_ROUNDS"), out var rounds) ? rounds : 100;

    [Fact]
    public async Task Every_backup_that_is_made_while_500_emails_a_second_come_and_go_is_whole_and_adds_up()
    {
        await using var sink = await SmtpSink.StartAsync(storeMessages: false);
        await using var world = await ServerWorld.StartAsync();
        (await world.AddAccountAsync(sink.Port, connections: 8)).Status.ShouldBe(201);
        (await world.AskAsync(HttpMethod.Put, "/api/backups/settings", $$"""{"schedule":"0 2 * * *","retention":{{Kept}}}""")).Status.ShouldBe(200);
        using var stop = new CancellationTokenSource();
        var feeding = Task.Run(() => FeedAsync(world, stop.Token));
        await Eventually.HoldsAsync(async () => await SentAsync(world) > 0, "the first email to be sent");
        var before = await SentAsync(world);
        var watch = Stopwatch.StartNew();
        var states = new List<long>();

        for (var round = 0; round < Rounds; round++)
        {
            var (status, made) = await world.AskAsync(HttpMethod.Post, "/api/backups");
            status.ShouldBe(201, made?.ToJsonString());
            var name = (string)made!["filename"]!;
            var checkedNow = (await world.PostAsync($"/api/backups/{name}/verify", "{}")).Body!;
            checkedNow["verified"]!.GetValue<bool>().ShouldBeTrue((string?)checkedNow["problem"]);
            states.Add(AddedUp(Path.Combine(world.Folder, "backups", name)));
            (await world.PostAsync("/api/backups/prune", "{}")).Status.ShouldBe(200);
            var listed = (await world.GetAsync("/api/backups")).Body!["backups"]!.AsArray();
            listed.Count.ShouldBe(Math.Min(round + 1, Kept));
            listed.ShouldAllBe(backup => backup!["verified"]!.GetValue<bool>());
            ((string)listed.MaxBy(backup => (string)backup!["createdAt"]!, StringComparer.Ordinal)!["createdAt"]!).ShouldBe((string)made["createdAt"]!);
        }

        var after = await SentAsync(world);
        await stop.CancelAsync();
        var scheduled = await feeding;
        // Each shows a later moment than the one before it, and the sending went on meanwhile.
        states.ShouldBe(states.Order());
        states[^1].ShouldBeGreaterThan(states[0]);
        after.ShouldBeGreaterThan(before);
        TestContext.Current.TestOutputHelper?.WriteLine($"{Rounds} backups in {watch.Elapsed.TotalSeconds:0.0} s; meanwhile {scheduled} emails scheduled, {after - before} sent ({(after - before) / watch.Elapsed.TotalSeconds:0} a second)");
    }

    /// <summary>Looks at the file with SQLite alone.</summary>
    /// <returns>How many emails had ever been scheduled.</returns>
    private static long AddedUp(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Mode=ReadOnly;Pooling=False");
        connection.Open();
        Scalar(connection, "SELECT group_concat(integrity_check) FROM pragma_integrity_check").ShouldBe("ok");
        foreach (var status in Enum.GetValues<EmailStatus>())
            Scalar(connection, $"SELECT (SELECT count(*) FROM email WHERE status = {(int)status}) - (SELECT coalesce(sum(rows), 0) FROM tally WHERE status = {(int)status})").ShouldBe(0L, status.ToString());
        Scalar(connection, "SELECT count(*) FROM email WHERE number NOT IN (SELECT number FROM content)").ShouldBe(0L);
        // What is sent says so in full; what waits has not left.
        Scalar(connection, "SELECT count(*) FROM email WHERE status = 3 AND (sent_at IS NULL OR ledger_last = 0)").ShouldBe(0L);
        Scalar(connection, "SELECT count(*) FROM email WHERE status = 0 AND sent_at IS NOT NULL").ShouldBe(0L);
        return (long)Scalar(connection, "SELECT sum(rows + pruned) FROM tally")!;
    }

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    /// <summary>500 emails a second, as many at once as a caller's array has.</summary>
    private static async Task<int> FeedAsync(ServerWorld world, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Between, TimeProvider.System);
        var scheduled = 0;
        try
        {
            do
            {
                var now = TimeProvider.System.GetUtcNow();
                var emails = Enumerable.Range(0, AtOnce).Select(number => new ScheduledEmail
                {
                    Id = EmailId.New(TimeProvider.System), Content = new() { To = [$"r{number}@example.org"], Subject = "s", Text = "t" }, ScheduledFor = now, CreatedAt = now,
                });
                scheduled += (await world.Emails.AddAsync([.. emails], stop)).Count;
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Enough.
        }

        return scheduled;
    }

    private static async Task<long> SentAsync(ServerWorld world) => (await world.GetAsync("/api/stats")).Body!["emails"]!["sent"]!.GetValue<long>();
}
