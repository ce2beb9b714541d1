using Nightmail.Core.Emails;
using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>The wall clock is set under the real program, by libfaketime: the time of day moves, timers go on as they were.</summary>
public sealed class SetClockTests : IAsyncLifetime
{
    private SmtpSink sink = null!;
    private Household home = null!;

    private string Clock => Path.Combine(home.Folder, "clock");

    public async ValueTask InitializeAsync()
    {
        sink = await SmtpSink.StartAsync();
        home = Household.WithServer(sink.Port);
    }

    public async ValueTask DisposeAsync()
    {
        await home.DisposeAsync();
        await sink.DisposeAsync();
    }

    [Fact]
    public async Task A_running_worker_whose_clock_is_set_back_and_forth_sends_nothing_early_and_nothing_twice()
    {
        SetClock("+0");
        var worker = StartWithClock("run");
        (await Waiting.UntilAsync(() => worker.Errors.Contains("worker started", StringComparison.Ordinal))).ShouldBeTrue(worker.Errors);
        var now = TimeProvider.System.GetUtcNow();
        var soon = (await home.ScheduleManyAsync(1, _ => now.AddHours(1))).Single();
        var late = (await home.ScheduleManyAsync(1, _ => now.AddHours(4))).Single();
        List<EmailId> expected = [];

        await SetAndExpectAsync("-3h", expected);
        await SetAndExpectAsync("+2h", expected, soon);
        await SetAndExpectAsync("-5h", expected);
        await SetAndExpectAsync("+3h", expected);
        await SetAndExpectAsync("+5h", expected, late);
        await SetAndExpectAsync("-400d", expected);
        worker.Signal("TERM");
        (await worker.WaitAsync()).ExitCode.ShouldBe(0, worker.Errors);
    }

    [Fact]
    public async Task Workers_that_run_once_under_different_clocks_send_nothing_early_and_nothing_twice()
    {
        var email = (await home.ScheduleManyAsync(1, _ => TimeProvider.System.GetUtcNow().AddHours(2))).Single();
        foreach (var (clock, sent) in new[] { ("+1h", 0), ("-5h", 0), ("+3h", 1), ("-400d", 1), ("+1h", 1), ("+9h", 1) })
        {
            SetClock(clock);
            (await StartWithClock("run", "--once").WaitAsync()).ExitCode.ShouldBe(0);
            sink.Messages().Count.ShouldBe(sent, clock);
        }

        sink.Messages().Single().Header("Message-ID").ShouldBe(MessageIds.For(email, "sender.example"));
    }

    /// <summary>Sets the clock; an email that is long due shows that the worker has looked at the queue since.</summary>
    private async Task SetAndExpectAsync(string clock, List<EmailId> expected, params ScheduledEmail[] due)
    {
        SetClock(clock);
        var marker = (await home.ScheduleManyAsync(1, _ => TimeProvider.System.GetUtcNow().AddYears(-2))).Single();
        expected.AddRange([.. due.Select(email => email.Id), marker.Id]);
        (await Waiting.UntilAsync(() => sink.Messages().Count >= expected.Count)).ShouldBeTrue($"{sink.Messages().Count} of {expected.Count} have left at {clock}");
        await home.WaitForAsync(rows => rows.Count(row => row.Status == EmailStatus.Sent) == expected.Count);
        var rows = await home.OpenStore().ListAsync(new(), CancellationToken.None);
        sink.Messages().Select(message => message.Header("Message-ID")).ShouldBe(rows.Where(row => expected.Contains(row.Id)).Select(row => MessageIds.For(row, "sender.example")), ignoreOrder: true, $"at {clock}");
    }

    /// <summary>Replaces it in one step: the worker must not read half of it.</summary>
    private void SetClock(string offset)
    {
        File.WriteAllText(Clock + ".new", offset + "\n");
        File.Move(Clock + ".new", Clock, overwrite: true);
    }

    private NightmailProgram StartWithClock(params string[] words)
    {
        var library = Directory.EnumerateFiles("/usr/lib", "libfaketimeMT.so.1", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true }).First();
        return home.StartOther("/usr/bin/env",
            [$"LD_PRELOAD={library}", $"FAKETIME_TIMESTAMP_FILE={Clock}", "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1", NightmailProgram.Path, .. words, "--queue", home.Queue]);
    }
}
