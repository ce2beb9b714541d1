using System.Security.Cryptography;
using Nightmail.Core.Emails;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Remote;

/// <summary>The verbs export and import between queue files and servers.</summary>
public sealed class RemoteExchangeTests : IAsyncLifetime
{
    private readonly CliWorld file = new CliWorld().WithAccount();
    private RemoteWorld server = null!;

    public async ValueTask InitializeAsync()
    {
        server = await RemoteWorld.StartAsync();
        (await server.AddAccountAsync()).ExitCode.ShouldBe(0);
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        file.Dispose();
    }

    [Fact]
    public async Task A_queue_goes_to_a_server_and_from_there_into_another_queue_as_it_was()
    {
        await File.WriteAllBytesAsync(Path.Combine(file.Folder, "report.bin"), RandomNumberGenerator.GetBytes(700_000));
        var attached = (await ScheduleAsync("--attach", Path.Combine(file.Folder, "report.bin"), "--bcc", "sue@example.org", "--idempotency-key", "once")).Id;
        var cancelled = (await ScheduleAsync()).Id;
        await file.RunAsync("cancel", cancelled);
        (await file.RunAsync("export", PathOf("1.jsonl"))).ExitCode.ShouldBe(0);

        var there = await server.RunAsync("import", PathOf("1.jsonl"), "--json");

        there.ExitCode.ShouldBe(0, there.Error);
        (there.Json().GetProperty("imported").GetInt32(), there.Json().GetProperty("waiting").GetInt32()).ShouldBe((2, 1));
        (await server.RunAsync("show", attached, "--raw")).Output.ShouldBe((await file.RunAsync("show", attached, "--raw")).Output);
        var exported = await server.RunAsync("export", PathOf("2.jsonl"), "--json");
        exported.ExitCode.ShouldBe(0, exported.Error);
        (exported.Json().GetProperty("emails").GetInt32(), exported.Json().GetProperty("attachments").GetInt32(), exported.Json().GetProperty("waiting").GetInt32()).ShouldBe((2, 1, 1));
        using var home = new CliWorld().WithAccount();
        (await home.RunAsync("import", PathOf("2.jsonl"))).Output.ShouldBe("2 imported\n");
        (await home.RunAsync("list", "--all", "--json")).Output.ShouldBe((await file.RunAsync("list", "--all", "--json")).Output);
        (await home.RunAsync("show", attached, "--raw")).Output.ShouldBe((await file.RunAsync("show", attached, "--raw")).Output);
        (await home.RunAsync("schedule", "--to", "b@example.net", "--subject", "other", "--body", "x", "--at", "tomorrow 9:00", "--idempotency-key", "once")).ExitCode.ShouldBe(1, "the key came along");
    }

    [Fact]
    public async Task The_same_import_again_changes_nothing_and_what_was_due_meanwhile_is_held_and_let_go_there()
    {
        var id = (await ScheduleAsync()).Id;
        await file.RunAsync("export", PathOf("q.jsonl"));
        server.Home.Time.Advance(TimeSpan.FromDays(2));

        var first = await server.RunAsync("import", PathOf("q.jsonl"));
        var again = await server.RunAsync("import", PathOf("q.jsonl"));

        (first.ExitCode, first.Output).ShouldBe((0, "1 imported; 1 of them paused\n"));
        first.Error.ShouldContain("nightmail resume --held");
        (again.ExitCode, again.Output).ShouldBe((0, "0 imported; 1 was here already and stays as it is\n"));
        (await server.RunAsync("resume", "--held")).Output.ShouldBe($"{id} pending again\n");
    }

    [Fact]
    public async Task A_server_that_is_named_is_named_in_the_commands_that_are_to_be_pasted()
    {
        await server.RunAsync("schedule", "--to", "bob@example.org", "--subject", "x", "--body", "x", "--at", "tomorrow 9:00");

        var exported = await server.RunAsync("export", PathOf("q.jsonl"), "--server", server.Url);

        exported.Output.ShouldBe($"1 email and 0 attachments exported to {PathOf("q.jsonl")}\n");
        exported.Error.ShouldBe($"1 of the 1 emails still waits here too; before another store sends them, keep this one from doing so: nightmail pause --all --server {server.Url}\n");
    }

    [Fact]
    public async Task More_than_a_page_holds_comes_and_goes_once_each()
    {
        for (var count = 0; count < 5; count++)
            await server.Emails.AddAsync([.. Enumerable.Range(0, 50).Select(_ => Given.Email(server.Clock, TimeSpan.FromHours(1)))], CancellationToken.None);
        var emails = await server.Emails.ListAsync(new(), CancellationToken.None);

        (await server.RunAsync("export", PathOf("q.jsonl"), "--json")).Json().GetProperty("emails").GetInt32().ShouldBe(250);

        await using var other = await RemoteWorld.StartAsync();
        await other.AddAccountAsync();
        (await other.RunAsync("import", PathOf("q.jsonl"))).Output.ShouldBe("250 imported\n");
        (await other.Emails.ListAsync(new(), CancellationToken.None)).Select(email => email.Id).ShouldBe(emails.Select(email => email.Id), ignoreOrder: true);
    }

    [Fact]
    public async Task A_lost_attachment_is_named_at_the_export_and_costs_its_own_email_alone()
    {
        var lost = (await ScheduleAsync("--attach", file.Write("a.txt", "attached"))).Id;
        var whole = (await ScheduleAsync()).Id;
        Directory.Delete(Path.ChangeExtension(file.Queue, ".blobs"), recursive: true);
        await file.RunAsync("export", PathOf("q.jsonl"));

        var imported = await server.RunAsync("import", PathOf("q.jsonl"));

        (imported.ExitCode, imported.Output).ShouldBe((1, "1 imported; 1 was not taken\n"));
        imported.Error.ShouldContain($"nightmail: {lost} was not imported: ");
        (await server.RunAsync("list", "--json")).Json()[0].GetProperty("id").GetString().ShouldBe(whole);
    }

    [Fact]
    public async Task What_the_server_has_lost_is_named_and_the_rest_is_exported()
    {
        var id = (await server.RunAsync("schedule", "--to", "bob@example.org", "--subject", "x", "--body", "x", "--at", "tomorrow 9:00", "--attach", server.Home.Write("a.txt", "attached"))).Id;
        foreach (var blob in Directory.GetFiles(server.Folder, "*", SearchOption.AllDirectories).Where(path => Path.GetFileName(path).Length == 64)) File.Delete(blob);

        var exported = await server.RunAsync("export", PathOf("q.jsonl"), "--json");

        exported.ExitCode.ShouldBe(1);
        exported.Error.ShouldContain($"warning: exported without an attachment: {id}: ");
        (exported.Json().GetProperty("emails").GetInt32(), exported.Json().GetProperty("missing").GetInt32()).ShouldBe((1, 1));
    }

    [Fact]
    public async Task Emails_of_campaigns_stay_and_that_is_said()
    {
        var page = server.Home.Write("news.html", "<p>Hello {{name}}</p>");
        var people = server.Home.Write("people.csv", "email,name\nann@example.org,Ann\n");
        (await server.RunAsync("campaign", "create", "News", "--subject", "Hello", "--html", page, "--recipients", people)).ExitCode.ShouldBe(0);

        var exported = await server.RunAsync("export", PathOf("q.jsonl"), "--json");

        (exported.ExitCode, exported.Json().GetProperty("emails").GetInt32(), exported.Json().GetProperty("campaignsLeftOut").GetBoolean()).ShouldBe((0, 0, true));
        exported.Error.ShouldContain("campaigns move with a backup of their server: nightmail backup create");
    }

    [Fact]
    public async Task An_export_that_the_server_does_not_finish_leaves_no_file()
    {
        await using var half = new ScriptedHttp(ScriptedHttp.Answer(200, """{"items":[]}"""))
        {
            Then = [ScriptedHttp.Answer(200, """{"items":[],"next":"email_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b"}"""), ScriptedHttp.Answer(500, """{"detail":"it broke"}""")],
        };

        var exported = await server.RunAsync("export", PathOf("q.jsonl"), "--server", half.Url);

        exported.ExitCode.ShouldBe(1);
        exported.Error.ShouldContain("it broke");
        Directory.GetFiles(file.Folder, "q.jsonl*").ShouldBeEmpty();
    }

    [Fact]
    public async Task An_import_that_the_server_breaks_off_says_how_far_it_came()
    {
        await server.Emails.AddAsync([.. Enumerable.Range(0, 1001).Select(_ => Given.Email(server.Clock, TimeSpan.FromHours(1)))], CancellationToken.None);
        await server.RunAsync("export", PathOf("q.jsonl"));
        var ids = File.ReadLines(PathOf("q.jsonl")).Skip(1).SkipLast(1).Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement.GetProperty("id").GetString()!).ToList();
        string Done(IEnumerable<string> some) => $$"""{"results":[{{string.Join(',', some.Select(id => $$"""{"id":"{{id}}","result":"imported","status":"pending"}"""))}}]}""";
        await using var half = new ScriptedHttp(ScriptedHttp.Answer(200, Done(ids.Take(500)))) { Then = [ScriptedHttp.Answer(200, Done(ids.Skip(500).Take(500))), ScriptedHttp.Answer(503, """{"detail":"the disk is full"}""")] };

        var imported = await server.RunAsync("import", PathOf("q.jsonl"), "--server", half.Url);

        imported.ExitCode.ShouldBe(75);
        imported.Error.ShouldBe("nightmail: the disk is full; 1000 emails were imported before that and stay: the same command goes on from there\n");
    }

    [Fact]
    public async Task A_lost_answer_to_an_import_is_told_without_an_option_that_import_has_not()
    {
        await ScheduleAsync();
        await file.RunAsync("export", PathOf("q.jsonl"));
        await using var silent = new ScriptedHttp(null);
        using var home = new CliWorld(TimeProvider.System);

        var imported = await home.With("NIGHTMAIL_API_KEY", "nm_x").WithConfig("""{ "server": { "timeout": "1s" } }""").RunAsync("import", PathOf("q.jsonl"), "--server", silent.Url);

        imported.ExitCode.ShouldBe(75);
        imported.Error.ShouldContain("it may have been done; say it again: what has arrived stays, and nothing is doubled");
        imported.Error.ShouldNotContain("--idempotency-key");
    }

    [Fact]
    public async Task What_is_held_on_a_server_is_let_go_together_recipients_of_campaigns_too()
    {
        var people = server.Home.Write("people.csv", "email,name\n" + string.Concat(Enumerable.Range(0, 230).Select(number => $"p{number}@example.org,P\n")));
        (await server.RunAsync("campaign", "create", "News", "--subject", "Hello", "--html", server.Home.Write("news.html", "<p>Hello</p>"), "--recipients", people)).ExitCode.ShouldBe(0);
        (await server.RunAsync("campaign", "schedule", "News", "--at", "tomorrow 9:00")).ExitCode.ShouldBe(0);
        var single = (await server.RunAsync("schedule", "--to", "bob@example.org", "--subject", "x", "--body", "x", "--at", "tomorrow 9:00")).Id;
        var paused = (await server.RunAsync("schedule", "--to", "bob@example.org", "--subject", "x", "--body", "x", "--at", "tomorrow 9:00")).Id;
        await server.RunAsync("pause", paused);
        var backup = (await server.RunAsync("backup", "create")).Output.Trim();
        // Another server whose ledger knows nothing of them, as after the loss of a machine.
        await using var other = await RemoteWorld.StartAsync();
        var folder = Directory.CreateDirectory(Path.Combine(other.Folder, "backups")).FullName;
        (await server.RunAsync("backup", "download", backup, "--output", Path.Combine(folder, backup))).ExitCode.ShouldBe(0);
        (await other.RunAsync("backup", "restore", backup, "--yes")).Output.ShouldContain("231 are paused because it is not known whether they have left");

        var resumed = await other.RunAsync("resume", "--held");

        resumed.ExitCode.ShouldBe(0, resumed.Error);
        resumed.Error.ShouldStartWith("231 of 231 let go\n1 was paused by a person and stays so\n");
        resumed.Output.ShouldContain($"{single} pending again\n");
        (await other.Emails.ListAsync(new() { Statuses = [EmailStatus.Paused] }, CancellationToken.None)).Single().Id.ToString().ShouldBe(paused);
    }

    private string PathOf(string name) => Path.Combine(file.Folder, name);

    private Task<CliResult> ScheduleAsync(params string[] more) =>
        file.RunAsync(["schedule", "--to", "b@example.net", "--subject", "Grüße", "--body", "Hello", "--at", "tomorrow 9:00", .. more]);
}
