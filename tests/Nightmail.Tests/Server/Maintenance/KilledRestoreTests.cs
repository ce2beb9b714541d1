using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server.Maintenance;

/// <summary>The real program, killed at random instants while it brings an older backup back in the middle of a campaign.</summary>
[Trait("Category", "Torture")]
public sealed class KilledRestoreTests : IDisposable
{
    private const int Recipients = 500;
    private const int Connections = 4;
    private const int Seed = 20261125;

    /// <summary>Kills in one run; <c>./dev torture</c> asks for more.</summary>
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("NIGHTMAIL_TORTURE_ROUNDS"), out var rounds) ? rounds : 4;

    private readonly string folder = Directory.CreateTempSubdirectory("nightmail-restore-").FullName;
    private readonly Random random = new(Seed);
    private string campaign = "", template = "", marker = "", backup = "";
    private TimeSpan usual;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task The_state_is_the_old_or_the_new_and_nothing_that_left_leaves_again()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = [SinkRule.DelayDot(TimeSpan.FromMilliseconds(5))] });
        await using (var first = await RunningServer.StartAsync(folder)) await PrepareAsync(first, sink);
        var (old, @new) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            Spoil();
            await KillInRestoreAsync(round);
            await using var after = await RunningServer.StartAsync(folder);
            if (await IsNewAsync(after, round)) @new++;
            else old++;
            Directory.Exists(Path.Combine(folder, "data", "restore")).ShouldBeFalse();
            await after.PostAsync("/api/workers/resume", "{}");
            after.Program.Signal("KILL");
            await after.Program.WaitAsync();
        }

        await using var last = await RunningServer.StartAsync(folder);
        await last.PostAsync("/api/workers/resume", "{}");
        await HurryAsync(last);
        JsonNode progress = null!;
        await Eventually.HoldsAsync(async () => (progress = await last.ProgressAsync(campaign))["pending"]!.GetValue<int>() + progress["sending"]!.GetValue<int>() == 0, "the campaign to end");
        var messages = sink.Messages();
        messages.GroupBy(message => message.Header("Message-ID")!, StringComparer.Ordinal).ShouldAllBe(copies => copies.Count() == 1, $"seed {Seed}");
        var (sent, inDoubt) = (progress["sent"]!.GetValue<int>(), progress["inDoubt"]!.GetValue<int>());
        (sent + inDoubt + progress["paused"]!.GetValue<int>()).ShouldBe(Recipients);
        messages.Count.ShouldBeInRange(sent, sent + inDoubt);
        inDoubt.ShouldBeLessThanOrEqualTo(((2 * Rounds) + 1) * Connections);
        TestContext.Current.TestOutputHelper?.WriteLine($"{Rounds} kills in restores of about {usual.TotalMilliseconds:0} ms: {old} times the old state, {@new} times the new; {inDoubt} of {Recipients} in doubt");
    }

    /// <summary>A campaign under way, an older backup, and how long a restore usually takes.</summary>
    private async Task PrepareAsync(RunningServer server, AiosmtpdSink sink)
    {
        await server.PostAsync("/api/accounts", $$$"""{"name":"work","from":"news@sender.example","transport":{"type":"smtp","host":"127.0.0.1","port":{{{sink.Port}}},"security":"none"},"limits":{"connections":{{{Connections}}}}}""");
        template = (string)(await server.PostAsync("/api/templates", """{"name":"t","subject":"then","text":"x"}"""))["id"]!;
        marker = (string)(await server.PostAsync("/api/emails", """{"to":["a@b.example"],"subject":"s","text":"right","scheduledFor":"2099-01-01T00:00:00Z"}"""))["id"]!;
        var all = string.Join(',', Enumerable.Range(0, Recipients).Select(number => $"\"r{number}@example.org\""));
        campaign = (string)(await server.PostAsync("/api/send", $$"""{"subject":"s","text":"t","recipients":[{{all}}]}"""))["campaignId"]!;
        await Eventually.HoldsAsync(() => sink.Messages().Count >= 20, "the campaign to begin");
        backup = (string)(await server.PostAsync("/api/backups", "{}"))["filename"]!;
        var watch = Stopwatch.StartNew();
        await server.PostAsync($"/api/backups/{backup}/restore", "{}");
        usual = watch.Elapsed;
        await server.PostAsync("/api/workers/resume", "{}");
        server.Program.Signal("KILL");
        await server.Program.WaitAsync();
    }

    /// <summary>Makes of the state what the backup does not have, behind the ledger: then a restore shows in the emails.</summary>
    private void Spoil()
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "data", "nightmail.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "UPDATE content SET text = 'spoilt' WHERE number = (SELECT number FROM email WHERE id = $id)";
        command.Parameters.AddWithValue("$id", Convert.FromHexString(marker["email_".Length..]));
        command.ExecuteNonQuery().ShouldBe(1);
    }

    private async Task KillInRestoreAsync(int round)
    {
        await using var server = await RunningServer.StartAsync(folder);
        await server.SendAsync(HttpMethod.Put, $"/api/templates/{template}", $$"""{"name":"t","subject":"now {{round}}","text":"x"}""");
        var restoring = server.TryPostAsync($"/api/backups/{backup}/restore");
        await Task.Delay(usual * random.NextDouble() * 3, TimeProvider.System);
        server.Program.Signal("KILL");
        await server.Program.WaitAsync();
        await restoring;
    }

    /// <summary>An email whose server was killed twice before it began waits for minutes, as it should; a person who looks need not.</summary>
    private async Task HurryAsync(RunningServer server)
    {
        var waiting = (await server.GetAsync("/api/emails?status=pending&limit=1000"))["items"]!.AsArray();
        foreach (var id in waiting.Where(email => email!["nextAttempt"] is not null).Select(email => (string)email!["id"]!).Where(id => id != marker)) await server.TryPostAsync($"/api/emails/{id}/send-now");
    }

    private async Task<bool> IsNewAsync(RunningServer server, int round)
    {
        var subject = (string)(await server.GetAsync($"/api/templates/{template}"))["subject"]!;
        var isRight = (await server.TextAsync($"/api/emails/{marker}/raw")).Contains("right", StringComparison.Ordinal);
        var paused = (await server.GetAsync("/api/workers"))["sendingPaused"]!.GetValue<bool>();
        (subject, isRight).ShouldBeOneOf(("then", true), ($"now {round}", false));
        if (isRight) paused.ShouldBeTrue("after a restore sending is paused");
        return isRight;
    }
}
