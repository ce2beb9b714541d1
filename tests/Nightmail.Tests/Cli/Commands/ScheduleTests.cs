using System.Text.Json;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Commands;

public sealed class ScheduleTests
{
    private static readonly string[] Minimal = ["schedule", "--to", "bob@example.org", "--subject", "Hello", "--body", "Hi"];

    [Fact]
    public async Task It_prints_the_id_and_what_was_understood()
    {
        using var world = new CliWorld().WithAccount();

        var result = await world.RunAsync([.. Minimal, "--at", "2026-12-01 09:00"]);

        result.ExitCode.ShouldBe(0);
        result.Output.ShouldMatch("^email_[0-9a-f]{32} 2026-12-01 09:00 Europe/Berlin \\(in 9 days; 08:00Z\\)\n$");
        result.Error.ShouldBe("warning: nobody is running to send it; start: nightmail run\n");
    }

    [Fact]
    public async Task Without_a_time_it_is_held_for_the_undo_delay()
    {
        using var world = new CliWorld().WithAccount();

        var result = await world.RunAsync(Minimal);

        result.Output.ShouldContain(" 2026-11-22 09:01 Europe/Berlin (in 1 minute; 08:01Z)");
        result.Error.ShouldEndWith("held until 09:01: nightmail undo takes it back\n");
    }

    [Fact]
    public async Task Json_has_exactly_the_agreed_keys()
    {
        using var world = new CliWorld().WithAccount();

        var result = await world.RunAsync([.. Minimal, "--json", "--at", "2026-12-01 09:00", "--cc", "Zoë <zoe@example.org>", "--bcc", "dan@example.org"]);

        result.Output.ShouldBeGolden("schedule.json");
    }

    [Theory]
    [InlineData("--at", "someday", 2)]
    [InlineData("--at", "2020-01-01", 2)]
    [InlineData("--not-after", "someday", 2)]
    [InlineData("--not-after", "now", 1)]
    [InlineData("--to", "bob@@example.org", 1)]
    [InlineData("--to", "", 1)]
    [InlineData("--cc", "no address", 1)]
    [InlineData("--from", "nobody@elsewhere.example", 1)]
    [InlineData("--from", "not an address", 1)]
    [InlineData("--account", "wrok", 1)]
    [InlineData("--header", "no colon", 2)]
    [InlineData("--header", "X-One: a\r\nBcc: eve@example.org", 1)]
    [InlineData("--header", "Bcc: eve@example.org", 1)]
    [InlineData("--subject", "one\ntwo", 1)]
    [InlineData("--attach", "missing.pdf", 1)]
    [InlineData("--attach", "/", 1)]
    [InlineData("--body-file", "missing.txt", 2)]
    [InlineData("--html", "missing.html", 1)]
    [InlineData("--eml", "missing.eml", 2)]
    [InlineData("--idempotency-key", "", 1)]
    public async Task What_cannot_be_taken_is_one_line_and_changes_nothing(string option, string value, int exitCode)
    {
        using var world = new CliWorld().WithAccount();

        var result = await world.RunAsync(["schedule", "--to", "bob@example.org", "--body", "Hi", option, value]);

        result.ExitCode.ShouldBe(exitCode);
        result.Output.ShouldBeEmpty();
        result.Error.ShouldStartWith("nightmail: ");
        result.Error.Count(letter => letter == '\n').ShouldBe(1);
        File.Exists(world.Queue).ShouldBeFalse();
        Directory.Exists(Path.ChangeExtension(world.Queue, ".blobs")).ShouldBeFalse();
    }

    [Fact]
    public async Task A_refused_email_leaves_no_copies_of_its_files()
    {
        using var world = new CliWorld().WithAccount();
        var file = world.Write("report.txt", "a report");

        var result = await world.RunAsync("schedule", "--to", "bob@example.org", "--subject", "one\ntwo", "--attach", file);

        result.ExitCode.ShouldBe(1);
        Directory.Exists(Path.ChangeExtension(world.Queue, ".blobs")).ShouldBeFalse();
    }

    [Fact]
    public async Task Nobody_to_send_to_is_refused()
    {
        using var world = new CliWorld().WithAccount();

        (await world.RunAsync("schedule", "--body", "Hi")).ShouldBe(new(1, "", "nightmail: to: there is no recipient: name one with --to\n"));
    }

    [Fact]
    public async Task Without_an_account_it_says_where_to_add_one()
    {
        using var world = new CliWorld();

        var result = await world.RunAsync(Minimal);

        result.ExitCode.ShouldBe(1);
        result.Error.ShouldBe($"nightmail: no account to send through: add one to the section \"accounts\" of {world.ConfigFile} (config.sample.json shows how), or try nightmail demo\n");
    }

    [Theory]
    [InlineData("body.bin", "--body-file")]
    [InlineData("body.bin", "--html")]
    public async Task Text_that_is_not_utf8_is_refused(string name, string option)
    {
        using var world = new CliWorld().WithAccount();
        var path = world.Write(name, "");
        await File.WriteAllBytesAsync(path, [0xFF, 0xFE, 0x41], TestContext.Current.CancellationToken);

        var result = await world.RunAsync("schedule", "--to", "bob@example.org", option, path);

        result.ShouldBe(new(1, "", $"nightmail: {option} {path}: this is not text in UTF-8; convert it, or give it with --attach\n"));
    }

    [Fact]
    public async Task A_body_comes_from_a_file_from_standard_input_or_from_a_dash()
    {
        using var world = new CliWorld().WithAccount();
        var file = world.Write("body.txt", "\uFEFFfrom a file\n");

        var fromFile = await world.RunAsync("schedule", "--to", "bob@example.org", "--body-file", file);
        var fromInput = await world.RunWithInputAsync("from input\n", "schedule", "--to", "bob@example.org", "--body-file", "-");
        var fromDash = await world.RunWithInputAsync("from a dash\n", "schedule", "--to", "bob@example.org", "-");

        (await world.RunAsync("show", fromFile.Id)).Output.ShouldEndWith("\n\nfrom a file\n");
        (await world.RunAsync("show", fromInput.Id)).Output.ShouldEndWith("\n\nfrom input\n");
        (await world.RunAsync("show", fromDash.Id)).Output.ShouldEndWith("\n\nfrom a dash\n");
    }

    [Fact]
    public async Task Two_bodies_are_wrong_usage()
    {
        using var world = new CliWorld().WithAccount();

        (await world.RunAsync([.. Minimal, "-"])).ExitCode.ShouldBe(2);
        (await world.RunAsync([.. Minimal, "--body-file", "x"])).Error.ShouldContain("use one of --body, --body-file and -");
        (await world.RunAsync([.. Minimal, "stray"])).Error.ShouldContain("unexpected word 'stray'");
    }

    [Fact]
    public async Task Files_travel_attached_and_images_inside_the_html()
    {
        using var world = new CliWorld().WithAccount();
        var html = world.Write("letter.html", "<p>Look: <img src=\"cid:cat.png\"></p>");
        var image = world.Write("cat.png", "not really an image");
        var report = world.Write("Bericht für März.pdf", "not really a report");

        var result = await world.RunAsync("schedule", "--to", "bob@example.org", "--subject", "Files", "--html", html, "--attach", image, "--attach", report);
        File.Delete(report);
        var raw = (await world.RunAsync("show", result.Id, "--raw")).Output;

        result.ExitCode.ShouldBe(0);
        raw.ShouldContain("Content-ID: <cat.png>");
        raw.ShouldContain("filename*=");
        (await world.RunAsync("show", result.Id)).Output.ShouldContain("attachment:  Bericht für März.pdf (19 bytes)");
    }

    [Fact]
    public async Task A_complete_message_is_kept_as_it_is()
    {
        using var world = new CliWorld().WithAccount();
        var eml = world.Write("letter.eml", "From: Ada <ada@example.org>\r\nTo: Bob <bob@example.org>\r\nBcc: eve@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <one@example.org>\r\nX-Odd:   spaces   stay\r\n\r\nHi\r\n");

        var result = await world.RunAsync("schedule", "--eml", eml, "--at", "in 2 hours");

        var json = JsonDocument.Parse((await world.RunAsync("show", result.Id, "--json")).Output).RootElement;
        json.GetProperty("subject").GetString().ShouldBe("Grüße");
        json.GetProperty("messageId").GetString().ShouldBe("<one@example.org>");
        json.GetProperty("bcc")[0].GetString().ShouldBe("eve@example.org");
        var raw = (await world.RunAsync("show", result.Id, "--raw")).Output;
        raw.ShouldContain("X-Odd:   spaces   stay\r\n");
        raw.ShouldNotContain("eve@example.org");
    }

    [Fact]
    public async Task A_complete_message_comes_from_standard_input_and_its_recipients_can_be_named()
    {
        using var world = new CliWorld().WithAccount();

        var result = await world.RunWithInputAsync("Subject: x\n\nHi\n", "schedule", "--eml", "-", "--to", "bob@example.org");
        var refused = await world.RunWithInputAsync("Subject: x\n\nHi\n", "schedule", "--eml", "-");
        var contradiction = await world.RunWithInputAsync("Subject: x\n\nHi\n", "schedule", "--eml", "-", "--to", "bob@example.org", "--body", "no");

        result.ExitCode.ShouldBe(0);
        refused.ShouldBe(new(1, "", "nightmail: --eml -: its header names no recipient; give one with --to\n"));
        contradiction.ExitCode.ShouldBe(2);
    }

    [Fact]
    public async Task A_repeated_call_with_the_same_key_changes_nothing()
    {
        using var world = new CliWorld().WithAccount();

        var first = await world.RunAsync([.. Minimal, "--idempotency-key", "k1", "--at", "in 10m"]);
        world.Time.Advance(TimeSpan.FromMinutes(1));
        var second = await world.RunAsync([.. Minimal, "--idempotency-key", "k1", "--at", "in 10m"]);
        var other = await world.RunAsync([.. Minimal, "--idempotency-key", "k1", "--at", "in 20m"]);

        second.ExitCode.ShouldBe(0);
        second.Id.ShouldBe(first.Id);
        second.Error.ShouldContain("nothing was changed");
        other.ExitCode.ShouldBe(1);
        other.Error.ShouldContain(first.Id);
        (await world.RunAsync("list", "--json")).Output.Split("\"id\"").Length.ShouldBe(2);
    }

    [Fact]
    public async Task A_time_that_the_clocks_skip_is_explained()
    {
        using var world = new CliWorld().WithAccount();

        var result = await world.RunAsync([.. Minimal, "--at", "2027-03-28 02:30"]);

        result.Output.ShouldContain(" 2027-03-28 03:00 Europe/Berlin ");
        result.Error.ShouldContain("2027-03-28");
    }

    [Theory]
    [InlineData("@1795430004")]
    [InlineData("2026-12-24T18:00:00+01:00")]
    [InlineData("tomorrow 9am")]
    public async Task Times_reach_the_reader_as_they_are_worded(string words)
    {
        using var world = new CliWorld().WithAccount();

        (await world.RunAsync([.. Minimal, "--at", words])).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task A_password_that_others_can_read_is_warned_about()
    {
        using var world = new CliWorld().WithConfig("""{ "accounts": { "a": { "from": "a@example.org", "transport": { "type": "smtp", "host": "h", "auth": { "username": "u", "password": "p" } } } } }""");
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no file modes on Windows.");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(world.ConfigFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        var open = await world.RunAsync(Minimal);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(world.ConfigFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var closed = await world.RunAsync(Minimal);

        open.Error.ShouldContain($"warning: {world.ConfigFile} holds a password and others can read it: run chmod 600");
        closed.Error.ShouldNotContain("chmod");
    }
}
