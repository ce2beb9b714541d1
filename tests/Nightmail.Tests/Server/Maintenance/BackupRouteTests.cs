using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server.Maintenance;

/// <summary>The routes of backups and of scheduled work, over real HTTP.</summary>
public sealed class BackupRouteTests
{
    [Fact]
    public async Task A_backup_is_made_listed_checked_downloaded_brought_back_and_deleted()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        await world.PostAsync("/api/templates", """{"name":"t","subject":"then","text":"x"}""");

        var (status, made) = await world.AskAsync(HttpMethod.Post, "/api/backups");
        status.ShouldBe(201);
        var name = (string)made!["filename"]!;
        var listed = (await world.GetAsync("/api/backups")).Body!;
        JsonNode.DeepEquals(listed["backups"]!.AsArray().Single(), made).ShouldBeTrue();
        made["verified"]!.GetValue<bool>().ShouldBeTrue();
        var bytes = await world.Client.GetByteArrayAsync($"/api/backups/{name}");
        Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes)).ShouldBe((string)made["sha256"]!);
        bytes.Length.ShouldBe(made["size"]!.GetValue<int>());
        (await world.PostAsync($"/api/backups/{name}/verify", "{}")).Body!["verified"]!.GetValue<bool>().ShouldBeTrue();

        var template = (string)(await world.GetAsync("/api/templates")).Body!["items"]!.AsArray().Single()!["id"]!;
        (await world.AskAsync(HttpMethod.Delete, $"/api/templates/{template}")).Status.ShouldBe(204);
        (status, var report) = await world.AskAsync(HttpMethod.Post, $"/api/backups/{name}/restore");
        status.ShouldBe(200);
        ((string)report!["filename"]!, report["sendingPaused"]!.GetValue<bool>(), report["returned"]!.GetValue<int>(), report["held"]!.GetValue<int>()).ShouldBe((name, true, 0, 0));
        ((string)(await world.GetAsync("/api/templates")).Body!["items"]!.AsArray().Single()!["subject"]!).ShouldBe("then");
        (await world.GetAsync("/api/stats")).Body!["sendingPaused"]!.GetValue<bool>().ShouldBeTrue();

        (await world.AskAsync(HttpMethod.Delete, $"/api/backups/{name}")).Status.ShouldBe(204);
        (await world.AskAsync(HttpMethod.Delete, $"/api/backups/{name}")).Status.ShouldBe(404);
        (await world.GetAsync("/api/backups")).Body!["backups"]!.AsArray().Select(backup => (string)backup!["filename"]!).ShouldBe([(string)report["before"]!]);
    }

    [Fact]
    public async Task A_damaged_backup_is_a_conflict_and_says_why()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        var name = (string)(await world.AskAsync(HttpMethod.Post, "/api/backups")).Body!["filename"]!;
        await File.WriteAllTextAsync(Path.Combine(world.Folder, "backups", name), "damaged");

        var (status, problem) = await world.AskAsync(HttpMethod.Post, $"/api/backups/{name}/restore");

        status.ShouldBe(409);
        ((string)problem!["detail"]!).ShouldContain("its bytes are not those that were kept");
        var listed = (await world.GetAsync("/api/backups")).Body!["backups"]!.AsArray().Single()!;
        (listed["verified"]!.GetValue<bool>(), (string)listed["problem"]!).ShouldBe((false, "its bytes are not those that were kept: they do not have its checksum"));
    }

    [Theory]
    [InlineData("../nightmail.db")]
    [InlineData("..%2Fnightmail.db")]
    [InlineData("..%252Fnightmail.db")]
    [InlineData("%2e%2e%2fnightmail.db")]
    [InlineData("/etc/passwd")]
    [InlineData("%2Fetc%2Fpasswd")]
    [InlineData("..\\nightmail.db")]
    [InlineData("NAME.sha256")]
    [InlineData("NAME%2500")]
    [InlineData("NAME%0A")]
    [InlineData("NAME%20")]
    [InlineData("nightmail.db")]
    [InlineData("nightmail_2026-12-01T08-00-00Z_0123abcd.db")]
    [InlineData("nightmail_2026-12-01T08-00-00Z_0123abcd.db.part")]
    public async Task A_name_that_is_not_in_the_list_is_not_found_and_nothing_is_touched(string path)
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        var name = (string)(await world.AskAsync(HttpMethod.Post, "/api/backups")).Body!["filename"]!;
        File.CreateSymbolicLink(Path.Combine(world.Folder, "backups", "nightmail_2026-12-01T08-00-00Z_0123abcd.db"), Path.Combine(world.Folder, "backups", name));
        var before = Entries(world.Folder);

        var target = $"/api/backups/{path.Replace("NAME", name, StringComparison.Ordinal)}";
        foreach (var (method, ending) in new[] { ("GET", ""), ("DELETE", ""), ("POST", "/restore"), ("POST", "/verify") })
            (await RawAsync(world, method, target + ending)).ShouldBe(404, $"{method} {target}{ending}");

        Entries(world.Folder).ShouldBe(before);
    }

    [Fact]
    public async Task A_zero_byte_in_an_address_is_refused_before_anything_looks_at_it()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        var name = (string)(await world.AskAsync(HttpMethod.Post, "/api/backups")).Body!["filename"]!;
        var before = Entries(world.Folder);

        // Kestrel itself answers that this is no address, before there is a request that could be answered with 404.
        foreach (var (method, ending) in new[] { ("GET", ""), ("DELETE", ""), ("POST", "/restore") })
            (await RawAsync(world, method, $"/api/backups/{name}%00{ending}")).ShouldBeOneOf(400, 404);

        Entries(world.Folder).ShouldBe(before);
    }

    [Fact]
    public async Task Settings_count_at_once_and_show_the_next_five_runs_in_words_and_times()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        var old = (await world.GetAsync("/api/backups")).Body!["settings"]!;
        ((string)old["schedule"]!, old["retention"]!.GetValue<int>(), (string)old["missed"]!, (string)old["words"]!).ShouldBe(("0 2 * * *", 7, "once", "at 02:00 every day"));

        var (status, settings) = await world.AskAsync(HttpMethod.Put, "/api/backups/settings", """{"schedule":"30 3 * * mon-fri","retention":3,"timeZone":"Europe/Berlin","missed":"skip"}""");

        status.ShouldBe(200);
        ((string)settings!["words"]!, (string)settings["timeZone"]!, (string)settings["missed"]!).ShouldBe(("at 03:30 on Monday to Friday", "Europe/Berlin", "skip"));
        var runs = settings["nextRuns"]!.AsArray().Select(run => DateTimeOffset.Parse((string)run!, System.Globalization.CultureInfo.InvariantCulture)).ToList();
        runs.Count.ShouldBe(5);
        runs.ShouldBe(runs.Distinct().Order());
        runs.ShouldAllBe(run => run > TimeProvider.System.GetUtcNow() && TimeZoneInfo.ConvertTime(run, TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin")).ToString("HH:mm", null) == "03:30");
        JsonNode.DeepEquals((await world.GetAsync("/api/backups")).Body!["settings"], settings).ShouldBeTrue();
        await world.RestartAsync(sends: false);
        ((string)(await world.GetAsync("/api/backups")).Body!["settings"]!["schedule"]!).ShouldBe("30 3 * * mon-fri");
    }

    [Theory]
    [InlineData("""{"schedule":"61 2 * * *","retention":3}""", "schedule")]
    [InlineData("""{"schedule":"","retention":3}""", "schedule")]
    [InlineData("""{"schedule":"0 2 * *","retention":3}""", "schedule")]
    [InlineData("""{"schedule":"0 0 30 2 *","retention":3}""", "schedule")]
    [InlineData("""{"schedule":null,"retention":3}""", "schedule")]
    [InlineData("""{"schedule":5,"retention":3}""", "schedule")]
    [InlineData("""{"schedule":"0 3 * * *"}""", "retention")]
    [InlineData("""{"retention":3}""", "schedule")]
    [InlineData("""{"schedule":"0 3 * * *","retention":0}""", "retention")]
    [InlineData("""{"schedule":"0 3 * * *","retention":-1}""", "retention")]
    [InlineData("""{"schedule":"0 3 * * *","retention":1.5}""", "retention")]
    [InlineData("""{"schedule":"0 3 * * *","retention":"3"}""", "retention")]
    [InlineData("""{"schedule":"0 3 * * *","retention":99999999999}""", "retention")]
    [InlineData("""{"schedule":"0 3 * * *","retention":3,"timeZone":"Europe/Nowhere"}""", "timeZone")]
    [InlineData("""{"schedule":"0 3 * * *","retention":3,"missed":"never"}""", "missed")]
    [InlineData("""{"schedule":"0 3 * * *","retention":3,"colour":"red"}""", "colour")]
    public async Task Bad_settings_are_refused_and_the_old_ones_stay(string json, string field)
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        var before = (await world.GetAsync("/api/backups")).Body!["settings"];

        var (status, problem) = await world.AskAsync(HttpMethod.Put, "/api/backups/settings", json);

        status.ShouldBe(400);
        ((string?)problem!["field"]).ShouldBe(field);
        JsonNode.DeepEquals((await world.GetAsync("/api/backups")).Body!["settings"], before).ShouldBeTrue();
    }

    [Fact]
    public async Task All_work_is_listed_and_each_has_times_of_its_own()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        (await world.GetAsync("/api/scheduled-work")).Body!.AsArray().Select(work => (string)work!["name"]!).ShouldBe(["backup", "health", "prune-emails", "prune-log"]);

        var (status, changed) = await world.AskAsync(HttpMethod.Put, "/api/scheduled-work/prune-emails", """{"keep":400}""");

        status.ShouldBe(200);
        (changed!["keep"]!.GetValue<int>(), (string)changed["schedule"]!).ShouldBe((400, "30 3 * * *"));
        (await world.AskAsync(HttpMethod.Put, "/api/scheduled-work/health", """{"keep":1}""")).Status.ShouldBe(400);
        (await world.GetAsync("/api/scheduled-work/none")).Status.ShouldBe(404);
    }

    /// <summary>Everything below the folder with its size, but for the logs of the databases, which live.</summary>
    private static List<string> Entries(string folder) =>
        [.. new DirectoryInfo(folder).EnumerateFileSystemInfos("*", SearchOption.AllDirectories).Where(each => !each.Name.EndsWith("-wal", StringComparison.Ordinal)).Select(each => $"{each.FullName} {(each as FileInfo)?.Length}").Order(StringComparer.Ordinal)];

    /// <summary>Asks with the address exactly as it stands: HttpClient would tidy it.</summary>
    private static async Task<int> RawAsync(ServerWorld world, string method, string target)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(world.Client.BaseAddress!.Host, world.Client.BaseAddress.Port);
        await using var stream = client.GetStream();
        var key = world.Client.DefaultRequestHeaders.Authorization!.Parameter;
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{method} {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(stream, Encoding.ASCII);
        var line = await reader.ReadLineAsync();
        return int.Parse(line!.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
