using Nightmail.Core.Emails;
using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>Something that is no queue comes to lie where the queue belongs, while a worker runs: it is named, nothing is written, and once the queue is back, all goes on.</summary>
public sealed class StrangeQueueTests
{
    [Theory]
    [InlineData("pipe", "neither a file")]
    [InlineData("folder", "it is a folder")]
    [InlineData("garbage", "200 MiB")]
    public async Task The_worker_lives_on_and_every_command_says_what_is_wrong(string kind, string says)
    {
        await using var sink = await SmtpSink.StartAsync();
        await using var home = Household.WithServer(sink.Port);
        await home.ScheduleManyAsync(1, _ => TimeProvider.System.GetUtcNow().AddDays(1));
        var worker = await home.StartWorkerAsync();
        var before = await File.ReadAllBytesAsync(home.Queue);
        File.Move(home.Queue, home.Queue + ".aside");
        await PutAsync(home, kind);
        foreach (var words in (string[][])[["list"], ["schedule", "--to", "a@b.example", "--subject", "S", "--body", "B", "--at", "tomorrow"]])
        {
            var result = await home.RunAsync(words);
            result.ExitCode.ShouldNotBe(0);
            result.Output.ShouldBeEmpty();
            result.Errors.ShouldContain(says);
        }

        (await File.ReadAllBytesAsync(home.Queue + ".aside")).ShouldBe(before);
        if (Directory.Exists(home.Queue)) Directory.Delete(home.Queue);
        File.Move(home.Queue + ".aside", home.Queue, overwrite: true);
        await home.ScheduleManyAsync(1, _ => TimeProvider.System.GetUtcNow());
        await home.WaitForAsync(rows => rows.Count == 2 && rows.Count(row => row.Status == EmailStatus.Sent) == 1);
        worker.Signal("TERM");
        (await worker.WaitAsync()).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task A_link_is_followed_by_whoever_starts_and_refused_by_a_worker_that_ran_before()
    {
        await using var sink = await SmtpSink.StartAsync();
        await using var home = Household.WithServer(sink.Port);
        var email = (await home.ScheduleManyAsync(1, _ => TimeProvider.System.GetUtcNow().AddDays(1)))[0];
        var worker = await home.StartWorkerAsync();
        var target = Path.Combine(Directory.CreateDirectory(Path.Combine(home.Folder, "dotfiles")).FullName, "queue.json");
        var due = (await File.ReadAllTextAsync(home.Queue)).Replace($"\"scheduled_for\": {email.ScheduledFor.ToUnixTimeSeconds()}", $"\"scheduled_for\": {email.CreatedAt.ToUnixTimeSeconds()}", StringComparison.Ordinal);
        await File.WriteAllTextAsync(target, due);
        File.CreateSymbolicLink(home.Queue + ".link", target);
        File.Move(home.Queue + ".link", home.Queue, overwrite: true);
        for (var looks = 0; looks < 10_000 && !worker.Errors.Contains($"a link to {target}", StringComparison.Ordinal); looks++) await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        worker.Errors.ShouldContain($"a link to {target}");
        new FileInfo(home.Queue).LinkTarget.ShouldBe(target);
        (await File.ReadAllTextAsync(target)).ShouldBe(due);
        sink.Messages().ShouldBeEmpty();
        worker.Signal("TERM");
        (await worker.WaitAsync()).ExitCode.ShouldBe(0);

        (await home.RunAsync("run", "--once")).ExitCode.ShouldBe(0);
        sink.Messages().Count.ShouldBe(1);
        new FileInfo(home.Queue).LinkTarget.ShouldBe(target);
        (await File.ReadAllTextAsync(target)).ShouldContain("\"status\": \"sent\"");
    }

    private static async Task PutAsync(Household home, string kind)
    {
        switch (kind)
        {
            case "pipe":
                (await home.StartOther("mkfifo", home.Queue).WaitAsync()).ExitCode.ShouldBe(0);
                break;
            case "folder":
                Directory.CreateDirectory(home.Queue);
                break;
            default:
                await using (var file = File.Create(home.Queue)) file.SetLength(200L * 1024 * 1024);
                break;
        }
    }
}
