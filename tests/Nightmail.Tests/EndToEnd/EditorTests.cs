using System.Text;
using Nightmail.Core.Emails;
using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>A person saves the queue file from an editor, in which it has been open for a while, while a worker sends from it and others schedule.</summary>
public sealed class EditorTests
{
    public static TheoryData<string, bool> Savings
    {
        get
        {
            var savings = new TheoryData<string, bool>();
            foreach (var slip in (string[])["none", "trailing comma", "byte order mark", "CRLF", "typo elsewhere", "key twice elsewhere"])
            {
                savings.Add(slip, true);
                savings.Add(slip, false);
            }

            return savings;
        }
    }

    [Theory]
    [MemberData(nameof(Savings))]
    public async Task An_old_buffer_is_merged_while_a_worker_sends_and_others_schedule(string slip, bool inPlace)
    {
        await using var sink = await SmtpSink.StartAsync();
        await using var home = Household.WithServer(sink.Port);
        var waiting = await home.ScheduleManyAsync(2, _ => Tomorrow);
        await using var worker = await StartAsync(home);
        var buffer = await File.ReadAllTextAsync(home.Queue);
        var sent = await home.ScheduleManyAsync(3, _ => TimeProvider.System.GetUtcNow());
        await home.WaitForAsync(rows => rows.Count(row => row.Status == EmailStatus.Sent) == 3);

        var adding = Task.Run(async () =>
        {
            for (var number = 0; number < 10; number++) await home.ScheduleManyAsync(1, _ => Tomorrow);
        });
        Save(home, Slipped(WithTime(buffer, waiting[0], Tomorrow.AddDays(2)), waiting[1], slip), inPlace);
        await adding;

        await home.WaitForAsync(rows => rows.Count == 15 && rows.Single(row => row.Id == waiting[0].Id).ScheduledFor == Tomorrow.AddDays(2));
        await home.WaitForAsync(rows => rows.Where(row => row.Status == EmailStatus.Sent).Select(row => row.Id).ToHashSet().SetEquals(sent.Select(email => email.Id)));
        await home.WaitForAsync(rows => rows.Single(row => row.Id == waiting[1].Id) is { Status: EmailStatus.Pending, Content.Subject: "Number 1" });
        sink.Messages().Count.ShouldBe(3);
        await using var store = home.OpenStore();
        if (slip.EndsWith("elsewhere", StringComparison.Ordinal)) string.Join('\n', store.RecoveryReports().SelectMany(report => report.Details.Append(report.Summary))).ShouldMatch("line \\d+, column \\d+");
        else store.RecoveryReports().ShouldBeEmpty();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_entry_deleted_from_what_is_there_now_is_cancelled_and_one_from_an_old_buffer_is_not(bool inPlace)
    {
        await using var home = Household.WithServer(port: 9);
        var emails = await home.ScheduleManyAsync(3, _ => Tomorrow);
        await using var worker = await StartAsync(home);
        var old = await File.ReadAllTextAsync(home.Queue);
        Save(home, Without(old, emails[0]), inPlace);
        await home.WaitForAsync(rows => rows.Count == 2);
        var later = await home.ScheduleManyAsync(1, _ => Tomorrow);
        Save(home, WithTime(Without(old, emails[1]), emails[2], Tomorrow.AddDays(2)), inPlace);
        await home.WaitForAsync(rows => rows.Any(row => row.Id == emails[2].Id && row.ScheduledFor == Tomorrow.AddDays(2)));
        await home.WaitForAsync(rows => rows.Select(row => row.Id).ToHashSet().SetEquals([emails[1].Id, emails[2].Id, later[0].Id]));
    }

    [Fact]
    public async Task Half_a_file_holds_others_up_and_spoils_nothing()
    {
        await using var home = Household.WithServer(port: 9);
        var emails = await home.ScheduleManyAsync(2, _ => Tomorrow);
        await using var worker = await StartAsync(home);
        var whole = WithTime(await File.ReadAllTextAsync(home.Queue), emails[0], Tomorrow.AddDays(2));
        await using (var editor = new FileStream(home.Queue, FileMode.Truncate, FileAccess.Write, FileShare.ReadWrite))
        {
            var bytes = Encoding.UTF8.GetBytes(whole);
            editor.Write(bytes.AsSpan(0, bytes.Length / 2));
            editor.Flush();
            // While it is half, the last good state is shown.
            await using (var store = home.OpenStore()) (await store.ListAsync(new(), CancellationToken.None)).Count.ShouldBe(2);
            editor.Write(bytes.AsSpan(bytes.Length / 2));
        }

        (await home.RunAsync("schedule", "--to", "grace@example.net", "--subject", "Later", "--body", "x", "--at", "in 3d")).ExitCode.ShouldBe(0);
        await home.WaitForAsync(rows => rows.Count == 3 && rows.Single(row => row.Id == emails[0].Id).ScheduledFor == Tomorrow.AddDays(2));
        await using var after = home.OpenStore();
        after.RecoveryReports().ShouldBeEmpty();
        worker.Program.HasExited.ShouldBeFalse();
    }

    [Fact]
    public async Task Neovim_saves_an_old_buffer_with_w()
    {
        await using var home = Household.WithServer(port: 9);
        var emails = await home.ScheduleManyAsync(2, _ => Tomorrow);
        await using var worker = await StartAsync(home);
        var socket = Path.Combine(home.Folder, "nvim.socket");
        var editor = home.StartOther("/usr/bin/nvim", "--headless", "--clean", "-n", "--listen", socket, home.Queue);
        // It listens before it has read the file.
        for (var looks = 0; looks < 100; looks++)
        {
            if (await TellAsync(home, socket, "--remote-expr", "line('$') > 1") == "1") break;
        }

        await home.ScheduleManyAsync(3, _ => Tomorrow);
        var (from, to) = (emails[0].ScheduledFor.ToUnixTimeSeconds(), Tomorrow.AddDays(2).ToUnixTimeSeconds());
        await TellAsync(home, socket, "--remote-send", $":/{emails[0].Id}\": {{/;/scheduled_for/s/{from}/{to}/<CR>:w<CR>");
        // It asks whether the file that has changed meanwhile is to be written over, and takes no answer that was typed before the question.
        var unsaved = await File.ReadAllTextAsync(home.Queue);
        for (var asked = 0; asked < 100 && await File.ReadAllTextAsync(home.Queue) == unsaved; asked++) await TellAsync(home, socket, "--remote-send", "y");
        await home.WaitForAsync(rows => rows.Count == 5 && rows.Single(row => row.Id == emails[0].Id).ScheduledFor == Tomorrow.AddDays(2));
        editor.Signal("TERM");
        await editor.WaitAsync();
        editor.Errors.ShouldContain("The file has been changed since reading it");
        await using var store = home.OpenStore();
        store.RecoveryReports().ShouldBeEmpty();
    }

    /// <summary>To the second, as the file has it.</summary>
    private static DateTimeOffset Tomorrow { get; } = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().AddDays(1).ToUnixTimeSeconds());

    private static async Task<RunningWorker> StartAsync(Household home) => new(await home.StartWorkerAsync());

    private static async Task<string> TellAsync(Household home, string socket, string how, string what)
    {
        var answer = new ProgramResult(-1, "", "");
        // It may not listen yet.
        for (var tries = 0; answer.ExitCode != 0 && tries < 100; tries++) answer = await home.StartOther("/usr/bin/nvim", "--headless", "--server", socket, how, what).WaitAsync();
        answer.ExitCode.ShouldBe(0, answer.Errors);
        // Some of its versions print on standard error.
        return (answer.Output + answer.Errors).Trim();
    }

    private static void Save(Household home, string text, bool inPlace)
    {
        if (!inPlace)
        {
            File.WriteAllText(home.Queue + "~new", text, new UTF8Encoding(false));
            File.Move(home.Queue + "~new", home.Queue, overwrite: true);
            return;
        }

        using var file = new FileStream(home.Queue, FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        file.Write(Encoding.UTF8.GetBytes(text));
    }

    private static string Slipped(string text, ScheduledEmail elsewhere, string slip)
    {
        var at = text.IndexOf($"\"{elsewhere.Id}\": {{", StringComparison.Ordinal);
        return slip switch
        {
            "trailing comma" => text.Replace("\n    }\n  },", "\n    },\n  },", StringComparison.Ordinal),
            "byte order mark" => "\uFEFF" + text,
            "CRLF" => text.Replace("\n", "\r\n", StringComparison.Ordinal),
            "typo elsewhere" => text[..at] + text[at..].Replace("\"status\": \"pending\"", "\"status\": \"pendig\"", StringComparison.Ordinal),
            "key twice elsewhere" => text[..at] + text[at..].Replace("\"status\": \"pending\"", "\"status\": \"pending\", \"status\": \"paused\"", StringComparison.Ordinal),
            _ => text,
        };
    }

    private static string WithTime(string text, ScheduledEmail email, DateTimeOffset to)
    {
        var at = text.IndexOf($"\"{email.Id}\": {{", StringComparison.Ordinal);
        var from = text.IndexOf("\"scheduled_for\": ", at, StringComparison.Ordinal);
        return text[..from] + $"\"scheduled_for\": {to.ToUnixTimeSeconds()}" + text[text.IndexOf(',', from)..];
    }

    private static string Without(string text, ScheduledEmail email)
    {
        var at = text.IndexOf($"\n    \"{email.Id}\": {{", StringComparison.Ordinal);
        var end = text.IndexOf("\n    }", at, StringComparison.Ordinal) + "\n    }".Length;
        return text[..at] + text[(text[end] == ',' ? end + 1 : end)..];
    }

    /// <summary>A worker that ends with the test.</summary>
    private sealed class RunningWorker(NightmailProgram program) : IAsyncDisposable
    {
        public NightmailProgram Program => program;

        public async ValueTask DisposeAsync()
        {
            program.Signal("TERM");
            var result = await program.WaitAsync();
            result.ExitCode.ShouldBe(0, result.Errors);
        }
    }
}
