using System.Text.Json;
using Nightmail.Testing.Cli;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli;

/// <summary>The real program in processes of its own: few, because each costs a start.</summary>
public sealed class ProcessTests
{
    private static readonly string OwnId = Environment.ProcessId.ToString();

    [Fact]
    public async Task An_email_is_scheduled_listed_and_sent_by_separate_processes()
    {
        using var world = new CliWorld().WithAccount();
        var nightmail = new NightmailProgram(world.Folder);

        var scheduled = await nightmail.RunAsync("schedule", "--to", "bob@example.org", "--subject", "Grüße", "--body", "Hi", "--at", "now");
        var listed = await nightmail.RunAsync("list", "--json");
        var ran = await nightmail.RunAsync("run", "--until-empty", "--while-pid", OwnId);

        scheduled.ExitCode.ShouldBe(0);
        scheduled.Error.ShouldBe("warning: nobody is running to send it; start: nightmail run\n");
        JsonDocument.Parse(listed.Output).RootElement[0].GetProperty("subject").GetString().ShouldBe("Grüße");
        ran.ExitCode.ShouldBe(0);
        Directory.GetFiles(world.Outbox).Length.ShouldBe(1);
    }

    [Fact]
    public async Task A_worker_is_seen_wakes_for_a_new_email_and_ends_in_order_on_sigterm()
    {
        using var world = new CliWorld().WithAccount();
        var nightmail = new NightmailProgram(world.Folder);
        await using var worker = nightmail.Start("run", "--while-pid", OwnId);
        await worker.WaitForAsync("worker started");

        // It is known as a worker a moment after it says so.
        ProgramResult scheduled;
        var tries = 0;
        do scheduled = await nightmail.RunAsync("schedule", "--to", "bob@example.org", "--subject", "Hello", "--at", "now");
        while (!scheduled.Error.Contains("worker running", StringComparison.Ordinal) && ++tries < 20);
        scheduled.Error.ShouldBe($"worker running (pid {worker.Id})\n");
        await worker.WaitForAsync($"sent {scheduled.Output.Split(' ')[0]} through work");
        worker.Signal("TERM");
        var ended = await worker.EndAsync();

        ended.ExitCode.ShouldBe(0);
        ended.Error.ShouldEndWith("worker ended\n");
        (await nightmail.RunAsync("list")).Error.ShouldContain("nothing to list");
    }

    [Fact]
    public async Task A_worker_ends_with_the_process_it_is_tied_to()
    {
        using var world = new CliWorld().WithAccount();
        var nightmail = new NightmailProgram(world.Folder);
        await using var editor = nightmail.Start("run", "--while-pid", OwnId);
        await using var worker = nightmail.Start("run", "--while-pid", editor.Id.ToString());
        await worker.WaitForAsync("worker started");

        editor.Signal("TERM");
        await editor.EndAsync();

        (await worker.EndAsync()).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Standard_output_holds_nothing_but_data()
    {
        using var world = new CliWorld();
        var nightmail = new NightmailProgram(world.Folder);

        (await nightmail.RunAsync("list")).ShouldBe(new(0, "", "nothing is scheduled\n"));
        (await nightmail.RunAsync("nonsense")).ShouldBe(new(2, "", "nightmail: unknown command 'nonsense'; see nightmail --help\n"));
        (await nightmail.RunAsync("--version")).Output.ShouldBe("nightmail 0.1.0\n");
    }
}
