using Nightmail.Core.Emails;
using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>What a person can get wrong: one line that says what to do, the right exit code, and nothing changed.</summary>
public sealed class BadInputTests
{
    public static TheoryData<string, int, string, string[]> Mistakes => new()
    {
        { "an unreadable time", 2, "tomorrow 9am", ["schedule", "--to", "a@b.example", "--subject", "S", "--body", "B", "--at", "sometime soon"] },
        { "a past time", 2, "--allow-past", ["schedule", "--to", "a@b.example", "--subject", "S", "--body", "B", "--at", "2020-01-01 09:00"] },
        { "no recipient", 1, "--to", ["schedule", "--subject", "S", "--body", "B", "--at", "tomorrow"] },
        { "a broken address", 1, "a@@b", ["schedule", "--to", "a@@b", "--subject", "S", "--body", "B", "--at", "tomorrow"] },
        { "a line break in a subject", 1, "subject", ["schedule", "--to", "a@b.example", "--subject", "S\r\nBcc: x@y.example", "--body", "B", "--at", "tomorrow"] },
        { "a line break in a header", 1, "X-Note", ["schedule", "--to", "a@b.example", "--subject", "S", "--header", "X-Note: a\nBcc: x@y.example", "--body", "B", "--at", "tomorrow"] },
        { "a missing attachment", 1, "no-such-file.pdf", ["schedule", "--to", "a@b.example", "--subject", "S", "--attach", "/nonexistent/no-such-file.pdf", "--body", "B", "--at", "tomorrow"] },
        { "a missing body file", 1, "no-such-body.txt", ["schedule", "--to", "a@b.example", "--subject", "S", "--body-file", "/nonexistent/no-such-body.txt", "--at", "tomorrow"] },
        { "a missing message", 1, "no-such.eml", ["schedule", "--eml", "/nonexistent/no-such.eml", "--at", "tomorrow"] },
        { "an unknown account", 1, "work", ["schedule", "--to", "a@b.example", "--subject", "S", "--body", "B", "--account", "wrok", "--at", "tomorrow"] },
        { "an unknown verb", 2, "schedule", ["shedule"] },
        { "an unknown id", 3, "list", ["cancel", "email_00000000000070008000000000000000"] },
        { "nothing to undo", 3, "", ["undo"] },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_mistake_is_answered_with_one_line_and_changes_nothing(string mistake, int exitCode, string says, string[] arguments)
    {
        await using var home = Household.WithServer(port: 9);
        var result = await home.RunAsync(arguments);
        result.ExitCode.ShouldBe(exitCode, $"{mistake}: {result.Errors}");
        result.Output.ShouldBeEmpty();
        result.Errors.Trim().ShouldContain(says);
        result.Errors.Trim().Split('\n').Length.ShouldBe(1, result.Errors);
        File.Exists(home.Queue).ShouldBeFalse();
    }

    [Fact]
    public async Task Without_an_account_scheduling_says_how_to_add_one()
    {
        await using var home = Household.WithServer(port: 9);
        File.Delete(home.Configuration);
        var result = await home.RunAsync("schedule", "--to", "a@b.example", "--subject", "S", "--body", "B", "--at", "tomorrow");
        result.ExitCode.ShouldBe(1);
        result.Errors.ShouldContain(home.Configuration);
        File.Exists(home.Queue).ShouldBeFalse();
    }

    [Fact]
    public async Task A_wrong_password_is_named_and_the_email_waits()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Tls = SinkTls.None, Login = ("ada", "right") });
        await using var home = Household.WithServer(sink.Port);
        var configuration = await File.ReadAllTextAsync(home.Configuration);
        await File.WriteAllTextAsync(home.Configuration, configuration.Replace("\"security\": \"none\"",
            "\"security\": \"none\", \"auth\": { \"username\": \"ada\", \"password\": \"wrong-secret\" }", StringComparison.Ordinal));
        var emails = await home.ScheduleManyAsync(1, _ => TimeProvider.System.GetUtcNow());

        var run = await home.RunAsync("run", "--once");
        run.Errors.ShouldNotContain("wrong-secret");
        var why = await home.RunAsync("why", emails[0].Id.ToString());
        why.Output.ShouldContain("535");
        await home.WaitForAsync(rows => rows.Single().Status == EmailStatus.Pending);
        sink.Messages().ShouldBeEmpty();
    }

    [Fact]
    public async Task An_unknown_host_is_named_and_the_email_waits()
    {
        await using var home = Household.WithServer(port: 9, further: """ "retry": { "maxAttempts": 1 } """);
        var configuration = await File.ReadAllTextAsync(home.Configuration);
        await File.WriteAllTextAsync(home.Configuration, configuration.Replace("127.0.0.1", "mail.no-such-host.invalid", StringComparison.Ordinal));
        var emails = await home.ScheduleManyAsync(1, _ => TimeProvider.System.GetUtcNow());

        await home.RunAsync("run", "--once");

        (await home.RunAsync("why", emails[0].Id.ToString())).Output.ShouldContain("mail.no-such-host.invalid");
        await home.WaitForAsync(rows => rows.Single().Status == EmailStatus.Pending);
    }

    [Fact]
    public async Task A_full_disk_is_named_and_the_queue_stays_as_it_was()
    {
        await using var home = Household.WithServer(port: 9);
        var small = Path.Combine(home.Folder, "small");
        Directory.CreateDirectory(small);
        (await home.StartOther("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", small).WaitAsync()).ExitCode.ShouldBe(0, "a full disk needs root to be made");
        try
        {
            string[] schedule = ["schedule", "--to", "a@b.example", "--subject", "S", "--body", "B", "--at", "tomorrow", "--queue", Path.Combine(small, "queue.json")];
            (await home.RunHereAsync(schedule)).ExitCode.ShouldBe(0);
            var before = await File.ReadAllBytesAsync(Path.Combine(small, "queue.json"));
            Should.Throw<IOException>(() => File.WriteAllBytes(Path.Combine(small, "filler"), new byte[1 << 20]));

            var result = await home.RunHereAsync(schedule);

            result.ExitCode.ShouldBe(69, result.Errors);
            result.Output.ShouldBeEmpty();
            result.Errors.ShouldContain("space");
            (await File.ReadAllBytesAsync(Path.Combine(small, "queue.json"))).ShouldBe(before);
            File.Delete(Path.Combine(small, "filler"));
            (await home.RunHereAsync(schedule)).ExitCode.ShouldBe(0);
        }
        finally
        {
            await home.StartOther("umount", small).WaitAsync();
        }
    }
}
