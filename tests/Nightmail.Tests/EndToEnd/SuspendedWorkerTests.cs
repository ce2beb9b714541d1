using System.Globalization;
using Nightmail.Core.Emails;
using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>A worker is suspended (SIGSTOP) somewhere between claim and record; another one works meanwhile; then the first goes on.</summary>
public sealed class SuspendedWorkerTests
{
    [Theory]
    [InlineData("AfterClaim")]
    [InlineData("BeforeBegin")]
    [InlineData("AfterBegin")]
    [InlineData("BeforeRecord")]
    [InlineData("AfterRecord")]
    public async Task Suspended_at_a_step_of_the_store_it_doubles_nothing(string point)
    {
        await using var sink = await SmtpSink.StartAsync();
        await using var home = Household.WithServer(sink.Port);
        await home.ScheduleManyAsync(1, _ => TimeProvider.System.GetUtcNow());
        var suspended = home.StartOther(Path.Combine(AppContext.BaseDirectory, "Nightmail.StoppingWorker"), home.Queue, sink.Port.ToString(CultureInfo.InvariantCulture), point);
        (await Waiting.UntilAsync(() => IsStopped(suspended.Id))).ShouldBeTrue(suspended.Errors);

        // 75: it was suspended while it held the queue's lock, which nobody takes from a living process.
        (await home.RunAsync("run", "--once")).ExitCode.ShouldBeOneOf(0, 75);
        suspended.Signal("CONT");
        (await suspended.WaitAsync()).ExitCode.ShouldBe(0, suspended.Errors);

        await ItIsAtTheSinkOnceAsync(home, sink);
    }

    [Theory]
    [InlineData("")]
    [InlineData("EHLO")]
    [InlineData("MAIL FROM")]
    [InlineData("RCPT TO")]
    [InlineData("DATA")]
    [InlineData("Subject:")]
    [InlineData("\r\n.\r\n")]
    public async Task Suspended_in_the_middle_of_the_dialogue_it_doubles_nothing(string words)
    {
        await using var sink = await SmtpSink.StartAsync();
        NightmailProgram? worker = null;
        var started = new TaskCompletionSource<NightmailProgram>();
        await using var relay = new StoppingRelay(sink.Port, words, () => started.Task.GetAwaiter().GetResult().Signal("STOP"));
        await using var home = Household.WithServer(relay.Port);
        await home.ScheduleManyAsync(1, _ => TimeProvider.System.GetUtcNow());
        worker = home.Start("run", "--until-empty");
        started.SetResult(worker);
        (await Waiting.UntilAsync(() => relay.HasCalled)).ShouldBeTrue(worker.Errors);

        // 75: it was suspended while it held the queue's lock, which nobody takes from a living process.
        (await home.RunAsync("run", "--once")).ExitCode.ShouldBeOneOf(0, 75);
        worker.Signal("CONT");
        (await worker.WaitAsync()).ExitCode.ShouldBe(0, worker.Errors);

        await ItIsAtTheSinkOnceAsync(home, sink);
    }

    private static async Task ItIsAtTheSinkOnceAsync(Household home, SmtpSink sink)
    {
        await home.WaitForAsync(rows => rows.Single().Status == EmailStatus.Sent);
        (await sink.WaitForAsync(1)).Count.ShouldBe(1);
    }

    /// <summary>The kernel's word for it: state T in /proc.</summary>
    private static bool IsStopped(int processId)
    {
        var stat = $"/proc/{processId.ToString(CultureInfo.InvariantCulture)}/stat";
        return File.Exists(stat) && File.ReadAllText(stat) is var text && text[(text.LastIndexOf(')') + 2)..].StartsWith('T');
    }
}
