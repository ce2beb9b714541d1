using System.Diagnostics;
using Nightmail.Testing.EndToEnd;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli;

/// <summary>The real worker and the signals that ask it to end.</summary>
public sealed class SignalTests : IDisposable
{
    private readonly CliWorld world = new CliWorld().WithAccount();

    [Theory]
    [InlineData("HUP")]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task It_ends_in_order(string signal)
    {
        await using var worker = world.StartShell("exec $nightmail run");
        await UntilAsync(() => worker.Errors.Contains("worker started", StringComparison.Ordinal));
        await SentAsync(worker);

        worker.Signal(signal);

        var ended = await worker.WaitAsync();
        ended.ExitCode.ShouldBe(0);
        ended.Errors.ShouldEndWith("worker ended\n");
    }

    [Fact]
    public async Task Under_nohup_it_goes_on_when_the_terminal_is_closed()
    {
        await using var worker = world.StartShell("trap '' HUP; exec $nightmail run");
        await SentAsync(worker);

        worker.Signal("HUP");

        await SentAsync(worker);
        worker.Signal("TERM");
        (await worker.WaitAsync()).ExitCode.ShouldBe(0);
    }

    public void Dispose() => world.Dispose();

    /// <summary>One more email leaves: the worker is at work, and has its signals in hand.</summary>
    private async Task SentAsync(NightmailProgram worker)
    {
        var id = (await world.RunShellAsync("$nightmail schedule --to bob@example.org --subject Hi --at now")).Output.Split(' ')[0];
        id.ShouldStartWith("email_");
        await UntilAsync(() => worker.Errors.Contains($"sent {id}", StringComparison.Ordinal));
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        var watch = Stopwatch.StartNew();
        while (!holds())
        {
            watch.Elapsed.ShouldBeLessThan(NightmailProgram.Patience);
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }
    }
}
