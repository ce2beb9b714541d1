using System.Text.Json.Nodes;
using Nightmail.Core.Storage;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server.Maintenance;

using File = System.IO.File;

/// <summary>Restores over the API: what leaves after them, what they say, and what they leave as it is.</summary>
public sealed class RestoreAnswerTests : IDisposable
{
    private readonly string aside = Directory.CreateTempSubdirectory("nightmail-aside-").FullName;

    public void Dispose() => Directory.Delete(aside, recursive: true);

    [Fact]
    public async Task Beside_an_older_copy_of_the_ledger_that_has_grown_nobody_gets_an_email_twice()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var world = await ServerWorld.StartAsync();
        await world.AddAccountAsync(sink.Port);
        var older = Path.Combine(aside, "older");
        await world.WhileStoppedAsync(folder => Copy(folder, older));
        var victim = await AddAsync(world, "2099-01-01T00:00:00Z");
        await SendAsync(world, sink, 1);
        var backup = (string)(await world.AskAsync(HttpMethod.Post, "/api/backups")).Body!["filename"]!;
        (await world.AskAsync(HttpMethod.Post, $"/api/emails/{victim}/send-now")).Status.ShouldBeInRange(200, 204);
        await ArrivedAsync(sink, 2);
        await world.WhileStoppedAsync(folder =>
        {
            Copy(Path.Combine(folder, "backups"), Path.Combine(aside, "backups"));
            Directory.Delete(folder, recursive: true);
            Copy(older, folder);
            Copy(Path.Combine(aside, "backups"), Path.Combine(folder, "backups"));
        });
        for (var count = 3; count <= 6; count++) await SendAsync(world, sink, count);

        var (status, report) = await world.AskAsync(HttpMethod.Post, $"/api/backups/{backup}/restore");

        status.ShouldBe(200, report?.ToJsonString());
        ((string?)report!["ledgerBroken"]).ShouldNotBeNull();
        report["held"]!.GetValue<int>().ShouldBe(1);
        (await world.AskAsync(HttpMethod.Post, "/api/workers/resume")).Status.ShouldBe(204);
        // Whatever were due would leave before this one.
        await SendAsync(world, sink, 7);
        await world.RestartAsync();
        await SendAsync(world, sink, 8);
        ((string)(await world.GetAsync($"/api/emails/{victim}")).Body!["status"]!).ShouldBe("paused");
        sink.Messages().GroupBy(message => message.Header("Message-ID")!, StringComparer.Ordinal).ShouldAllBe(copies => copies.Count() == 1);
    }

    [Fact]
    public async Task An_account_that_was_taken_out_of_service_stays_so_and_its_former_settings_are_told()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        foreach (var name in (string[])["idle", "rotated", "edited"]) (await world.PostAsync("/api/accounts", Account(name))).Status.ShouldBe(201);
        var backup = (string)(await world.AskAsync(HttpMethod.Post, "/api/backups")).Body!["filename"]!;
        await PutAsync(world, "idle", Account("idle", enabled: false, password: null));
        await PutAsync(world, "rotated", Account("rotated", weight: 5, password: "new"));
        await PutAsync(world, "edited", Account("edited", weight: 5, password: null));

        var (status, report) = await world.AskAsync(HttpMethod.Post, $"/api/backups/{backup}/restore");

        status.ShouldBe(200, report?.ToJsonString());
        report!["accounts"]!.AsArray().Select(name => (string)name!).ShouldBe(["edited"]);
        (report["templates"]!.GetValue<int>(), report["campaigns"]!.GetValue<int>()).ShouldBe((0, 0));
        (await world.GetAsync("/api/accounts/idle")).Body!["enabled"]!.GetValue<bool>().ShouldBeFalse();
        (await world.GetAsync("/api/accounts/rotated")).Body!["weight"]!.GetValue<int>().ShouldBe(5);
        (await world.GetAsync("/api/accounts/edited")).Body!["weight"]!.GetValue<int>().ShouldBe(1);
    }

    [Fact]
    public async Task A_restore_that_ends_in_an_error_after_it_is_in_place_is_read_anew_all_the_same()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var world = await ServerWorld.StartAsync();
        await world.AddAccountAsync(sink.Port);
        var campaign = (string)(await world.PostAsync("/api/send", """{"subject":"s","text":"t","recipients":["gone@example.org","there@example.org"],"scheduledFor":"2099-01-01T00:00:00Z"}""")).Body!["campaignId"]!;
        (await world.PostAsync("/api/suppressions", """{"target":"gone@example.org"}""")).Status.ShouldBe(201);
        var backup = (string)(await world.AskAsync(HttpMethod.Post, "/api/backups")).Body!["filename"]!;
        (await world.AskAsync(HttpMethod.Delete, "/api/suppressions/gone@example.org")).Status.ShouldBe(204);
        world.Change = parts => parts with { Backups = new FailsAtTheEnd(parts.Backups!) };
        await world.RestartAsync();

        (await world.AskAsync(HttpMethod.Post, $"/api/backups/{backup}/restore")).Status.ShouldBe(503);

        (await world.AskAsync(HttpMethod.Post, "/api/workers/resume")).Status.ShouldBe(204);
        await world.PostAsync($"/api/campaigns/{campaign}/schedule", "{}");
        await world.WaitForStatusAsync(campaign, "completed");
        sink.Messages().ShouldHaveSingleItem().Recipients.ShouldBe(["there@example.org"]);
    }

    private static string Account(string name, bool enabled = true, int weight = 1, string? password = "old") => new JsonObject
    {
        ["name"] = name, ["from"] = $"{name}@sender.example", ["enabled"] = enabled, ["weight"] = weight,
        ["transport"] = new JsonObject { ["type"] = "smtp", ["host"] = "127.0.0.1", ["port"] = 2525, ["security"] = "tls", ["auth"] = new JsonObject { ["username"] = "u", ["password"] = password } },
    }.ToJsonString();

    private static async Task PutAsync(ServerWorld world, string name, string account)
    {
        var (status, body) = await world.AskAsync(HttpMethod.Put, $"/api/accounts/{name}", account);
        status.ShouldBe(200, body?.ToJsonString());
    }

    private static async Task<string> AddAsync(ServerWorld world, string? scheduledFor = null)
    {
        var email = new JsonObject { ["to"] = new JsonArray("a@example.org"), ["subject"] = "s", ["text"] = "t" };
        if (scheduledFor is not null) email["scheduledFor"] = scheduledFor;
        var (status, body) = await world.PostAsync("/api/emails", email.ToJsonString());
        status.ShouldBe(201, body?.ToJsonString());
        return (string)body!["id"]!;
    }

    private static async Task SendAsync(ServerWorld world, AiosmtpdSink sink, int count)
    {
        var id = await AddAsync(world);
        await ArrivedAsync(sink, count);
        await Eventually.HoldsAsync(async () => (string?)(await world.GetAsync($"/api/emails/{id}")).Body!["status"] == "sent", $"email {count} to be recorded");
    }

    private static Task ArrivedAsync(AiosmtpdSink sink, int count) => Eventually.HoldsAsync(() => sink.Messages().Count >= count, $"{count} to arrive");

    /// <summary>The server is stopped, so that no lock is lost by it.</summary>
    private static void Copy(string from, string to)
    {
        foreach (var folder in (string[])[from, .. Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories)]) Directory.CreateDirectory(folder.Replace(from, to, StringComparison.Ordinal));
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories)) File.Copy(file, file.Replace(from, to, StringComparison.Ordinal), overwrite: true);
    }

    /// <summary>Brings a backup back and then says that it could not be read anew.</summary>
    private sealed class FailsAtTheEnd(IBackups backups) : IBackups
    {
        public string Folder => backups.Folder;

        public ValueTask<IReadOnlyList<Backup>> ListAsync(CancellationToken cancellationToken) => backups.ListAsync(cancellationToken);

        public ValueTask<Backup> CreateAsync(string reason, Guid? id, CancellationToken cancellationToken) => backups.CreateAsync(reason, id, cancellationToken);

        public ValueTask<Backup?> VerifyAsync(string fileName, CancellationToken cancellationToken) => backups.VerifyAsync(fileName, cancellationToken);

        public ValueTask<Stream?> OpenAsync(string fileName, CancellationToken cancellationToken) => backups.OpenAsync(fileName, cancellationToken);

        public ValueTask<bool> RemoveAsync(string fileName, CancellationToken cancellationToken) => backups.RemoveAsync(fileName, cancellationToken);

        public ValueTask<IReadOnlyList<string>> PruneAsync(int keep, CancellationToken cancellationToken) => backups.PruneAsync(keep, cancellationToken);

        public async ValueTask<RestoreResult> RestoreAsync(string fileName, CancellationToken cancellationToken)
        {
            await backups.RestoreAsync(fileName, cancellationToken);
            throw new StoreException(StoreTrouble.Unwritable, "it is in place, but could not be read anew");
        }
    }
}
