using System.Text.Json;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Exchange;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Commands;

public sealed class PauseTests : IDisposable
{
    private readonly CliWorld world = new CliWorld().WithAccount();

    [Fact]
    public async Task A_paused_email_does_not_leave_until_it_is_resumed()
    {
        var id = await ScheduleAsync();

        (await world.RunAsync("pause", id)).ShouldBe(new(0, $"{id} paused\n", ""));
        world.Time.Advance(TimeSpan.FromHours(2));
        (await world.RunAsync("run", "--once")).ExitCode.ShouldBe(0);
        Left().ShouldBe(0);
        (await world.RunAsync("why", id)).Output.ShouldStartWith("paused; ");
        (await world.RunAsync("resume", id)).Output.ShouldBe($"{id} pending again\n");
        (await world.RunAsync("run", "--once")).ExitCode.ShouldBe(0);

        Left().ShouldBe(1);
    }

    [Fact]
    public async Task Paused_as_a_whole_nothing_leaves_and_what_is_paused_one_by_one_stays_so()
    {
        var (first, second) = (await ScheduleAsync(), await ScheduleAsync());
        await world.RunAsync("pause", first);

        (await world.RunAsync("pause", "--all")).ShouldBe(new(0, "sending is paused\n", ""));
        world.Time.Advance(TimeSpan.FromHours(2));
        (await world.RunAsync("run", "--once")).ExitCode.ShouldBe(0);
        Left().ShouldBe(0);
        (await world.RunAsync("why", second)).Output.ShouldContain("sending is paused as a whole: `nightmail resume --all` goes on");
        var resumed = await world.RunAsync("resume", "--all");
        resumed.Output.ShouldBe("sending goes on\n");
        resumed.Error.ShouldContain("1 email is paused one by one, and stays so");
        (await world.RunAsync("run", "--once")).ExitCode.ShouldBe(0);

        Left().ShouldBe(1);
        (await world.RunAsync("show", first, "--json")).Json().GetProperty("status").GetString().ShouldBe("paused");
    }

    [Fact]
    public async Task What_is_held_for_its_content_is_let_go_by_its_id_alone()
    {
        var (wrong, held) = (await ScheduleAsync(), await ScheduleAsync());
        await world.RunAsync("pause", wrong, held);
        var text = await File.ReadAllTextAsync(world.Queue);
        foreach (var (id, why) in new[] { (wrong, Core.Delivery.Settlement.OldCopy), (held, Core.Delivery.Settlement.Unvouched) })
            text = text.Insert(text.IndexOf("\"status\": \"paused\"", text.IndexOf($"\"{id}\":", StringComparison.Ordinal), StringComparison.Ordinal), $"\"last_error\": \"{why}\",\n      ");
        await File.WriteAllTextAsync(world.Queue, text);
        Directory.Delete(Path.ChangeExtension(world.Queue, ".revisions"), recursive: true);

        var health = await world.RunAsync("health");
        health.Output.ShouldContain($"1 are held because their content may be wrong: {wrong}");
        health.Output.ShouldContain("nightmail resume --held");
        var resumed = await world.RunAsync("resume", "--held");
        resumed.Output.ShouldBe($"{held} pending again\n");
        resumed.Error.ShouldContain("1 stay paused because their content may be wrong");
        (await world.RunAsync("show", wrong, "--json")).Json().GetProperty("status").GetString().ShouldBe("paused");
        (await world.RunAsync("resume", wrong)).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task What_is_held_is_let_go_together_with_a_report_of_what_leaves_what_stays_and_what_is_missing()
    {
        using var from = new CliWorld().WithAccount();
        string[] call = ["schedule", "--to", "bob@example.org", "--subject", "x", "--body", "x", "--at"];
        var due = (await from.RunAsync([.. call, "in 2h"])).Id;
        var later = (await from.RunAsync([.. call, "in 9 days"])).Id;
        world.Time.Advance(TimeSpan.FromHours(3));
        (await world.RunWithInputAsync((await from.RunAsync("export")).Output, "import", "-")).Output.ShouldBe("2 imported; 1 of them paused\n");
        var mine = await ScheduleAsync();
        await world.RunAsync("pause", mine);
        await world.RunAsync("pause", "--all");

        var resumed = await world.RunAsync("resume", "--held");

        resumed.ShouldBe(new(0, $"{due} pending again\n", $"""
            1 of 1 let go, 1 of them due by now
            1 was paused by a person and stays so
            sending is paused as a whole, so nothing leaves yet; when all is well: nightmail resume --all
            warning: nobody is running to send it; start: nightmail run

            """));
        (await world.RunAsync("show", later, "--json")).Json().GetProperty("status").GetString().ShouldBe("pending");
    }

    [Fact]
    public async Task Many_that_are_held_are_let_go_in_few_writes()
    {
        using var export = new MemoryStream();
        var emails = Enumerable.Range(0, 300).Select(_ => new ImportedEmail(Given.Email(world.Time, -TimeSpan.FromHours(1)))).ToAsyncEnumerable();
        await ExportWriter.WriteAsync(emails, null!, export, world.Time.GetUtcNow(), TestContext.Current.CancellationToken);
        export.Position = 0;
        (await world.RunAsync(export, TestContext.Current.CancellationToken, "import", "-")).Output.ShouldBe("300 imported; 300 of them paused\n");
        var before = await RevisionAsync();

        (await world.RunAsync("resume", "--held")).Error.ShouldStartWith("300 of 300 let go");

        (await RevisionAsync() - before).ShouldBeLessThan(30);
    }

    [Fact]
    public async Task The_switch_speaks_json()
    {
        await ScheduleAsync();

        (await world.RunAsync("pause", "--all", "--json")).Output.ShouldBe("""{"sendingPaused":true,"sending":0,"paused":0}""" + "\n");
        (await world.RunAsync("resume", "--all", "--json")).Output.ShouldBe("""{"sendingPaused":false,"sending":0,"paused":0}""" + "\n");
    }

    [Theory]
    [InlineData("pause")]
    [InlineData("resume")]
    public async Task It_must_be_said_what_is_meant(string verb)
    {
        var id = await ScheduleAsync();

        (await world.RunAsync(verb)).ExitCode.ShouldBe(2);
        (await world.RunAsync(verb, id, "--all")).ExitCode.ShouldBe(2);
    }

    [Fact]
    public async Task What_is_over_cannot_be_paused_and_what_is_not_paused_cannot_be_resumed()
    {
        var id = await ScheduleAsync();

        (await world.RunAsync("resume", id)).ExitCode.ShouldBe(4);
        await world.RunAsync("cancel", id);
        (await world.RunAsync("pause", id)).ExitCode.ShouldBe(4);
    }

    public void Dispose() => world.Dispose();

    private async Task<string> ScheduleAsync()
    {
        var result = await world.RunAsync("schedule", "--to", "bob@example.org", "--subject", "Hello", "--body", "Hi", "--at", "in 1h");
        return result.Output.Split(' ')[0];
    }

    private async Task<long> RevisionAsync()
    {
        using var queue = JsonDocument.Parse(await File.ReadAllTextAsync(world.Queue));
        return queue.RootElement.GetProperty("revision").GetInt64();
    }

    private int Left() => Directory.Exists(world.Outbox) ? Directory.GetFiles(world.Outbox, "*.eml").Length : 0;
}
