using System.Diagnostics;
using Nightmail.Testing.EndToEnd;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli;

/// <summary>The real program in processes of its own: few, because each costs a start.</summary>
public sealed class ProcessTests : IDisposable
{
    private readonly CliWorld world = new CliWorld().WithAccount();

    [Fact]
    public async Task An_email_is_scheduled_listed_and_sent_by_separate_processes()
    {
        var scheduled = await RunAsync("schedule", "--to", "bob@example.org", "--subject", "Grüße", "--body", "Hi", "--at", "now");
        var listed = await RunAsync("list", "--json");
        var ran = await RunAsync("run", "--until-empty");

        scheduled.ExitCode.ShouldBe(0);
        scheduled.Errors.ShouldBe("warning: nobody is running to send it; start: nightmail run\n");
        listed.Json()[0].GetProperty("subject").GetString().ShouldBe("Grüße");
        ran.ExitCode.ShouldBe(0);
        Directory.GetFiles(world.Outbox).Length.ShouldBe(1);
    }

    [Fact]
    public async Task A_worker_is_seen_wakes_for_a_new_email_and_ends_in_order_on_sigterm()
    {
        await using var worker = Start("run");
        await UntilAsync(() => Directory.Exists(Path.ChangeExtension(world.Queue, ".workers")) && worker.Errors.Contains("worker started", StringComparison.Ordinal));
        await UntilAsync(() => RunAsync("list").GetAwaiter().GetResult().ExitCode == 0 && Directory.GetFiles(Path.ChangeExtension(world.Queue, ".workers")).Length > 0);

        var scheduled = await RunAsync("schedule", "--to", "bob@example.org", "--subject", "Hello", "--at", "now");
        scheduled.Errors.ShouldBe($"worker running (pid {worker.Id})\n");
        await UntilAsync(() => worker.Errors.Contains($"sent {scheduled.Output.Split(' ')[0]} through work", StringComparison.Ordinal));
        worker.Signal("TERM");
        var ended = await worker.WaitAsync();

        ended.ExitCode.ShouldBe(0);
        ended.Errors.ShouldEndWith("worker ended\n");
        (await RunAsync("list")).Errors.ShouldContain("nothing to list");
    }

    [Fact]
    public async Task A_worker_ends_with_the_process_it_is_tied_to()
    {
        await using var editor = Start("run");
        await using var worker = Start("run", "--while-pid", editor.Id.ToString());
        await UntilAsync(() => worker.Errors.Contains("worker started", StringComparison.Ordinal));

        editor.Signal("TERM");
        await editor.WaitAsync();

        (await worker.WaitAsync()).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Standard_output_holds_nothing_but_data()
    {
        (await RunAsync("list")).ShouldBe(new ProgramResult(0, "", "nothing is scheduled\n"));
        (await RunAsync("nonsense")).ShouldBe(new ProgramResult(2, "", "nightmail: unknown command 'nonsense'; see nightmail --help\n"));
        (await RunAsync("--version")).Output.ShouldBe("nightmail 0.1.0\n");
    }

    public void Dispose() => world.Dispose();

    private static async Task UntilAsync(Func<bool> holds)
    {
        var watch = Stopwatch.StartNew();
        while (!holds())
        {
            watch.Elapsed.ShouldBeLessThan(NightmailProgram.Patience);
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }
    }

    private async Task<ProgramResult> RunAsync(params string[] arguments)
    {
        await using var program = Start(arguments);
        return await program.WaitAsync();
    }

    private NightmailProgram Start(params string[] arguments) => world.Start(arguments);
}
