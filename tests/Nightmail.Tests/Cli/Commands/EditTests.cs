using System.Text;
using Nightmail.Store.File.Disk;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Commands;

public sealed class EditTests : IDisposable
{
    private readonly CliWorld world = new CliWorld().WithAccount();

    [Fact]
    public async Task The_editor_gets_the_message_and_its_time_as_text()
    {
        var id = await ScheduleAsync("--cc", "eve@example.org", "--attach", world.Write("report.txt", "12345"), "--header", "X-Project: Ärger");
        Editor("cp \"$1\" seen.eml");

        var result = await world.RunAsync("edit", id);

        result.ShouldBe(new(0, "", "unchanged: nothing was done\n"));
        Read("seen.eml").ShouldBe("To: bob@example.org\nCc: eve@example.org\nBcc:\nSubject: Grüße\nFrom:\nX-Send-At: 2026-11-22 10:00 Europe/Berlin\nX-Project: Ärger\nX-Attached: report.txt (5 bytes), stays attached\n\nHi\n");
        Kept().ShouldBeEmpty();
    }

    [Fact]
    public async Task What_was_changed_is_what_leaves_and_what_is_attached_stays()
    {
        var id = await ScheduleAsync("--attach", world.Write("report.txt", "12345"), "--bcc", "spy@example.org");
        Editor("sed -i -e 's/^To:.*/To: Carol <carol@example.org>, dan@example.org/' -e 's/^Subject:.*/Subject: Neu/' -e 's/^Hi$/Guten Tag/' -e '/^X-Attached/d' \"$1\"");

        var result = await world.RunAsync("edit", id, "--json");

        result.ExitCode.ShouldBe(0);
        result.Json().GetProperty("to").EnumerateArray().Select(each => each.GetString()).ShouldBe(["Carol <carol@example.org>", "dan@example.org"]);
        result.Json().GetProperty("bcc")[0].GetString().ShouldBe("spy@example.org");
        world.Time.Advance(TimeSpan.FromHours(2));
        (await world.RunAsync("run", "--once")).ExitCode.ShouldBe(0);
        var message = File.ReadAllText(Directory.GetFiles(world.Outbox, "*.eml").ShouldHaveSingleItem());
        message.ShouldContain("Subject: Neu");
        message.ShouldContain("Guten Tag");
        message.ShouldContain("report.txt");
        Kept().ShouldBeEmpty();
    }

    [Fact]
    public async Task Another_time_reschedules_it()
    {
        var id = await ScheduleAsync();
        Editor("sed -i 's/^X-Send-At:.*/X-Send-At: tomorrow 9:00/' \"$1\"");

        var result = await world.RunAsync("edit", id);

        result.Output.ShouldBe($"{id} edited; 2026-11-23 09:00 Europe/Berlin (in 24 hours; 08:00Z)\n");
        (await world.RunAsync("show", id, "--json")).Json().GetProperty("wish").GetProperty("local").GetString().ShouldBe("2026-11-23T09:00:00");
    }

    [Theory]
    [InlineData("s/^X-Send-At:.*/X-Send-At: someday/", "X-Send-At: ")]
    [InlineData("s/^To:.*/To: nobody at home/", "To: ")]
    [InlineData("s/^To:.*/To:/", "to: there is no recipient")]
    [InlineData("s/^From:.*/From: eve@elsewhere.example/", "from: no account may send as")]
    [InlineData("1s/^/no header\\n/", "line 1 is no header field")]
    [InlineData("1s/^/To: x@example.org\\n/", "line 2: To stands here a second time")]
    public async Task What_cannot_be_taken_is_said_and_kept_in_a_file(string edit, string problem)
    {
        var id = await ScheduleAsync();
        var before = await world.RunAsync("show", id, "--json");
        Editor($"sed -i -e '{edit}' -e 's/^Hi$/Long work/' \"$1\"");

        var result = await world.RunAsync("edit", id);

        result.ExitCode.ShouldBe(1);
        result.Error.ShouldContain($"nothing was changed: {problem}");
        var kept = Kept().ShouldHaveSingleItem();
        result.Error.ShouldEndWith($"; your text is kept in {kept}\n");
        File.ReadAllText(kept).ShouldContain("Long work");
        RealDisk.Instance.Stat(kept)?.Mode.ShouldBe(Convert.ToInt32("600", 8));
        (await world.RunAsync("show", id, "--json")).ShouldBe(before);
    }

    [Fact]
    public async Task What_has_left_while_the_editor_was_open_is_refused_and_the_text_is_kept()
    {
        var id = await ScheduleAsync();
        Editor("sed -i 's/^Hi$/Too late/' \"$1\"; touch open; while [ ! -e sent ]; do sleep 0.02; done");

        var editing = world.RunAsync("edit", id);
        await OpenAsync();
        world.Time.Advance(TimeSpan.FromHours(2));
        (await world.RunAsync("run", "--once")).ExitCode.ShouldBe(0);
        world.Write("sent", "");
        var result = await editing;

        result.ExitCode.ShouldBe(4);
        result.Error.ShouldContain("it has left already");
        File.ReadAllText(Kept().ShouldHaveSingleItem()).ShouldContain("Too late");
        (await world.RunAsync("edit", id)).ExitCode.ShouldBe(4);
    }

    [Fact]
    public async Task What_somebody_else_has_edited_meanwhile_is_not_overwritten()
    {
        var id = await ScheduleAsync();
        Editor("sed -i 's/^Hi$/Mine/' \"$1\"; touch open; while [ ! -e sent ]; do sleep 0.02; done");

        var editing = world.RunAsync("edit", id);
        await OpenAsync();
        await world.RunAsync("reschedule", id, "--at", "in 5h");
        world.Write("sent", "");
        var result = await editing;

        result.ExitCode.ShouldBe(4);
        result.Error.ShouldContain("somebody else has edited it meanwhile");
        File.ReadAllText(Kept().ShouldHaveSingleItem()).ShouldContain("Mine");
    }

    [Fact]
    public async Task A_complete_message_is_edited_as_its_own_bytes()
    {
        const string message = "From: ada@example.org\r\nTo: bob@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nX-Odd:  two  blanks\r\n\r\nHi\r\n";
        var id = (await world.RunAsync("schedule", "--eml", world.Write("m.eml", message), "--at", "in 1h")).Id;
        Editor("cp \"$1\" seen.eml; sed -i -e 's/^To:.*/To: carol@example.org\\r/' -e 's/^Hi/Ho/' \"$1\"");

        var result = await world.RunAsync("edit", id, "--json");

        Read("seen.eml").ShouldBe("X-Send-At: 2026-11-22 10:00 Europe/Berlin\r\n" + message);
        result.Json().GetProperty("to")[0].GetString().ShouldBe("carol@example.org");
        var raw = (await world.RunAsync("show", id, "--raw")).Output;
        raw.ShouldContain("X-Odd:  two  blanks\r\n");
        raw.ShouldEndWith("\r\n\r\nHo\r\n");
        raw.ShouldNotContain("X-Send-At");
    }

    [Fact]
    public async Task Text_and_html_are_both_edited()
    {
        var id = await ScheduleAsync("--html", world.Write("m.html", "<p>Hi</p>"));
        Editor("cp \"$1\" seen.eml; sed -i -e 's/^Hi$/Ho/' -e 's/<p>Hi/<p>Ho/' \"$1\"");

        (await world.RunAsync("edit", id)).ExitCode.ShouldBe(0);

        Read("seen.eml").ShouldEndWith("X-Html-Below: ----- HTML -----\n\nHi\n----- HTML -----\n<p>Hi</p>\n");
        var raw = (await world.RunAsync("show", id, "--raw")).Output;
        raw.ShouldContain("<p>Ho</p>");
        raw.ShouldContain("\r\nHo\r\n");
    }

    [Fact]
    public async Task The_editor_is_worded_as_for_a_shell_and_its_failure_changes_nothing()
    {
        var id = await ScheduleAsync();
        world.With("VISUAL", "  ").With("EDITOR", "sh -c 'echo gone >> \"$0\"; exit 3'");

        var failed = await world.RunAsync("edit", id);
        var missing = await world.With("VISUAL", "no-such-editor").RunAsync("edit", id);

        failed.ExitCode.ShouldBe(1);
        failed.Error.ShouldContain("ended with 3; nothing was changed");
        Kept().Length.ShouldBe(1);
        missing.ExitCode.ShouldBe(1);
        missing.Error.ShouldContain("set VISUAL or EDITOR to one that is there");
    }

    public void Dispose() => world.Dispose();

    private async Task<string> ScheduleAsync(params string[] more)
    {
        var result = await world.RunAsync(["schedule", "--to", "bob@example.org", "--subject", "Grüße", "--body", "Hi", "--at", "in 1h", .. more]);
        result.ExitCode.ShouldBe(0, result.Error);
        return result.Id;
    }

    // A real program, started as any editor is.
    private void Editor(string script)
    {
        var path = world.Write("editor", $"#!/bin/sh\ncd '{world.Folder}'\n{script}\n");
        world.With("VISUAL", $"sh '{path}'");
    }

    private async Task OpenAsync()
    {
        var deadline = TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(1);
        while (!File.Exists(Path.Combine(world.Folder, "open")))
        {
            TimeProvider.System.GetUtcNow().ShouldBeLessThan(deadline);
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }
    }

    private string Read(string name) => File.ReadAllText(Path.Combine(world.Folder, name), Encoding.UTF8);

    private string[] Kept()
    {
        var folder = Path.Combine(world.Folder, ".local", "state", "nightmail", "edits");
        return Directory.Exists(folder) ? Directory.GetFiles(folder) : [];
    }
}
