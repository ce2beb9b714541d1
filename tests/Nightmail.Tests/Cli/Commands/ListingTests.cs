using System.Text.Json;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Commands;

public sealed class ListingTests
{
    [Fact]
    public async Task A_list_shows_what_waits_soonest_first()
    {
        using var world = new CliWorld().WithAccount();
        await ThreeAsync(world);

        (await world.RunAsync("list")).Output.ShouldBeGolden("list.txt");
        (await world.RunAsync("list", "--json")).Output.ShouldBeGolden("list.json");
        (await world.RunAsync("list", "--all")).Output.ShouldContain("cancelled");
    }

    [Fact]
    public async Task A_list_is_narrowed_by_status_account_and_words()
    {
        using var world = new CliWorld().WithAccount();
        await ThreeAsync(world);

        (await IdsAsync(world, "list", "--status", "cancelled")).Count.ShouldBe(1);
        (await IdsAsync(world, "list", "--status", "cancelled,pending")).Count.ShouldBe(3);
        (await IdsAsync(world, "list", "--status", "cancelled", "--status", "pending")).Count.ShouldBe(3);
        (await IdsAsync(world, "list", "--search", "ZOË")).Count.ShouldBe(1);
        (await IdsAsync(world, "list", "--account", "other")).ShouldBeEmpty();
        (await IdsAsync(world, "list", "--account", "work")).Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_empty_list_has_nothing_on_standard_output()
    {
        using var world = new CliWorld();

        (await world.RunAsync("list")).ShouldBe(new(0, "", "nothing is scheduled\n"));
        (await world.RunAsync("list", "--json")).Output.ShouldBe("[]\n");
        File.Exists(world.Queue).ShouldBeFalse();
    }

    [Fact]
    public async Task What_a_list_shows_can_be_typed()
    {
        using var world = new CliWorld().WithAccount();
        await ThreeAsync(world);

        foreach (var line in (await world.RunAsync("list", "--all")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1))
            (await world.RunAsync("why", line.Split(' ')[0])).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Show_and_why_say_everything_about_one()
    {
        using var world = new CliWorld().WithAccount();
        var file = world.Write("notes.txt", "12345");
        var id = (await world.RunAsync("schedule", "--to", "Zoë <zoe@example.org>", "--cc", "bob@example.org", "--subject", "Grüße", "--body", "One\nTwo", "--attach", file,
            "--header", "X-Test: yes", "--at", "2026-12-01 09:00 America/New_York", "--not-after", "2026-12-02", "--account", "work")).Id;

        (await world.RunAsync("show", id)).Output.ShouldBeGolden("show.txt", world);
        (await world.RunAsync("why", id)).Output.ShouldBeGolden("why.txt");
        var json = JsonDocument.Parse((await world.RunAsync("why", id, "--json")).Output).RootElement;
        json.GetProperty("id").GetString().ShouldBe(id);
        json.GetProperty("why").GetString().ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public async Task The_message_is_shown_as_it_will_go_out()
    {
        using var world = new CliWorld().WithAccount();
        var id = (await world.RunAsync("schedule", "--to", "bob@example.org", "--bcc", "eve@example.org", "--subject", "Hello", "--body", "Hi")).Id;

        var raw = (await world.RunAsync("show", id, "--raw")).Output;

        raw.ShouldContain("From: Ada <ada@example.org>\r\n");
        raw.ShouldContain($"Message-ID: <{id["email_".Length..]}@example.org>\r\n");
        raw.ShouldNotContain("eve@example.org");
    }

    [Fact]
    public async Task Control_characters_of_a_stranger_do_not_reach_the_terminal()
    {
        using var world = new CliWorld().WithAccount();
        var eml = world.Write("evil.eml", "From: ada@example.org\r\nTo: bob@example.org\r\nSubject: =?utf-8?b?G1syShtdMDtvd25lZAc=?=\r\n\r\nHi\r\n");

        var id = (await world.RunAsync("schedule", "--eml", eml)).Id;

        (await world.RunAsync("list")).Output.ShouldNotContain("\e");
        (await world.RunAsync("show", id)).Output.ShouldNotContain("\e");
        (await world.RunAsync("list", "--json")).Output.ShouldNotContain("\e");
    }

    [Theory]
    [InlineData("show")]
    [InlineData("why")]
    [InlineData("cancel")]
    [InlineData("send-now")]
    [InlineData("retry")]
    [InlineData("mark-sent")]
    public async Task An_unknown_id_is_not_found(string verb)
    {
        using var world = new CliWorld().WithAccount();

        (await world.RunAsync(verb, "123456")).ShouldBe(new(3, "", "nightmail: there is no email whose id begins or ends with '123456'; see nightmail list --all\n"));
        (await world.RunAsync(verb, "email_0123456789abcdef0123456789abcdef")).ExitCode.ShouldBe(3);
    }

    [Fact]
    public async Task A_short_id_that_could_be_several_lists_them()
    {
        using var world = new CliWorld().WithAccount();
        await ThreeAsync(world);

        var result = await world.RunAsync("show", "email_0");

        result.ExitCode.ShouldBe(2);
        result.Error.ShouldMatch("^nightmail: 'email_0' could be email_[0-9a-f]{32}, email_[0-9a-f]{32}, email_[0-9a-f]{32}; write more of the id\n$");
    }

    [Fact]
    public async Task Ids_are_taken_whole_bare_hyphenated_and_shortened_at_either_end()
    {
        using var world = new CliWorld().WithAccount();
        var id = (await world.RunAsync("schedule", "--to", "bob@example.org")).Id;
        var bare = id["email_".Length..];

        foreach (var form in new[] { id, bare, new Guid(Convert.FromHexString(bare), bigEndian: true).ToString(), id[..12], bare[..8], bare[^6..], bare[^6..].ToUpperInvariant() })
            (await world.RunAsync("show", form, "--json")).Output.ShouldContain(id, customMessage: form);
    }

    [Theory]
    [InlineData("{ \"version\": \"9.0\", \"queue\": {} }", 69)]
    public async Task A_queue_that_cannot_be_read_is_one_line(string text, int exitCode)
    {
        using var world = new CliWorld().WithAccount();
        var queue = world.Write("queue.json", text);

        foreach (var words in new string[][] { ["list"], ["schedule", "--to", "bob@example.org"], ["cancel", "123456"] })
        {
            var result = await world.RunAsync([.. words, "--queue", queue]);

            result.ExitCode.ShouldBe(exitCode);
            result.Error.ShouldContain(queue);
            result.Error.Count(letter => letter == '\n').ShouldBe(1);
        }

        (await File.ReadAllTextAsync(queue, TestContext.Current.CancellationToken)).ShouldBe(text);
    }

    [Fact]
    public async Task A_queue_that_is_no_queue_is_kept_aside_once_nobody_is_writing_it()
    {
        using var world = new CliWorld().WithAccount();
        var queue = world.Write("queue.json", "not a queue");

        var scheduling = world.RunAsync("schedule", "--to", "bob@example.org", "--subject", "Hi", "--body", "x", "--at", "tomorrow", "--queue", queue);
        while (!scheduling.IsCompleted)
        {
            world.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(scheduling, Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System));
        }

        (await scheduling).ExitCode.ShouldBe(0);
        (await File.ReadAllTextAsync(Directory.GetFiles(world.Folder, "queue.corrupt-*.json").ShouldHaveSingleItem(), TestContext.Current.CancellationToken)).ShouldBe("not a queue");
        (await world.RunAsync("list", "--json", "--queue", queue)).Json().GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task A_queue_that_is_a_folder_is_one_line()
    {
        using var world = new CliWorld().WithAccount();

        var result = await world.RunAsync("list", "--queue", world.Folder);

        result.ExitCode.ShouldBe(69);
        result.Error.Count(letter => letter == '\n').ShouldBe(1);
    }

    private static async Task ThreeAsync(CliWorld world)
    {
        await world.RunAsync("schedule", "--to", "bob@example.org", "--subject", "Later", "--at", "2026-12-01 09:00");
        await world.RunAsync("schedule", "--to", "Zoë <zoe@example.org>, 王 <wang@example.org>", "--subject", "日本語 and more", "--at", "in 2 hours", "--account", "work");
        var third = await world.RunAsync("schedule", "--to", "dan@example.org", "--subject", "Never", "--at", "in 1 hour");
        (await world.RunAsync("cancel", third.Id)).ExitCode.ShouldBe(0);
    }

    private static async Task<IReadOnlyList<string>> IdsAsync(CliWorld world, params string[] words)
    {
        var json = JsonDocument.Parse((await world.RunAsync([.. words, "--json"])).Output);
        return [.. json.RootElement.EnumerateArray().Select(email => email.GetProperty("id").GetString()!)];
    }
}
