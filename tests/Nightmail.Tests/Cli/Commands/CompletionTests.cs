using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Commands;

public sealed class CompletionTests : IDisposable
{
    private readonly CliWorld world = new CliWorld().WithAccount();

    [Theory]
    [InlineData("resch", "reschedule")]
    [InlineData("config s", "show")]
    [InlineData("schedule --idem", "--idempotency-key")]
    [InlineData("--queue q.json schedule --all", "--allow-past")]
    [InlineData("backup res", "restore")]
    [InlineData("list --queue outb", "outbox.json")]
    public async Task A_real_bash_completes_words(string typed, string completed)
    {
        world.Write("outbox.json", "{}");

        (await CompleteAsync(typed)).ShouldBe(completed);
    }

    [Fact]
    public async Task A_real_bash_completes_the_ids_of_what_waits()
    {
        await world.RunShellAsync("\"$nightmail\" schedule --to bob@example.org --subject Hello --at 'in 2 hours'");
        var id = (await world.RunShellAsync("\"$nightmail\" list | tail -n 1")).Output.Split(' ')[0];

        (await CompleteAsync($"cancel {id[..3]}")).ShouldBe(id);
    }

    [Fact]
    public async Task Every_command_is_in_every_script()
    {
        var help = (await world.RunAsync("--help")).Output;
        var commands = help[help.IndexOf("Commands:", StringComparison.Ordinal)..help.IndexOf("Examples:", StringComparison.Ordinal)].Split('\n').Skip(1)
            .Where(line => line.StartsWith("  ", StringComparison.Ordinal) && line[2] != ' ').Select(line => line.Trim().Split(' ')[0]).ToList();
        commands.Count.ShouldBeGreaterThan(15);

        foreach (var shell in (string[])["bash", "zsh", "fish"])
        {
            var script = (await world.RunAsync("completion", shell)).Output;
            commands.ShouldAllBe(command => script.Contains(command), shell);
            script.ShouldContain("idempotency-key");
        }
    }

    [Fact]
    public async Task Another_shell_is_wrong_usage_and_json_holds_the_script()
    {
        (await world.RunAsync("completion", "csh")).ShouldBe(new(2, "", "nightmail: there is no completion for 'csh'; name bash, zsh or fish\n"));
        (await world.RunAsync("completion", "bash", "--json")).Json().GetProperty("script").GetString().ShouldBe((await world.RunAsync("completion", "bash")).Output);
    }

    public void Dispose() => world.Dispose();

    // What bash does when Tab is pressed behind these words.
    private async Task<string> CompleteAsync(string typed)
    {
        var words = string.Join(' ', typed.Split(' '));
        var result = await world.RunShellAsync(
            $"cd \"$HOME\"; nightmail() {{ \"$nightmail\" \"$@\"; }}; source <(nightmail completion bash) || exit 9; COMP_WORDS=(nightmail {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _nightmail; echo \"${{COMPREPLY[*]}}\"",
            "/bin/bash");
        result.ExitCode.ShouldBe(0, result.Errors);
        return result.Output.TrimEnd('\n');
    }
}
