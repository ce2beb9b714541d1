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

    [Theory]
    [InlineData("resch", "nightmail reschedule ")]
    [InlineData("config s", "nightmail config show ")]
    [InlineData("schedule --idem", "nightmail schedule --idempotency-key ")]
    [InlineData("backup res", "nightmail backup restore ")]
    [InlineData("list --queue outb", "nightmail list --queue outbox.json ")]
    public async Task A_real_zsh_completes_words(string typed, string line)
    {
        world.Write("outbox.json", "{}");

        (await PressTabInZshAsync(typed)).ShouldBe(line);
    }

    [Theory]
    [InlineData("resch", "reschedule")]
    [InlineData("config s", "show")]
    [InlineData("schedule --idem", "--idempotency-key")]
    [InlineData("backup res", "restore")]
    [InlineData("list --queue outb", "outbox.json")]
    public async Task A_real_fish_completes_words(string typed, string completed)
    {
        world.Write("outbox.json", "{}");

        (await CompleteInFishAsync(typed)).ShouldBe([completed]);
    }

    [Fact]
    public async Task A_real_zsh_and_a_real_fish_complete_the_ids_of_what_waits()
    {
        await world.RunShellAsync("\"$nightmail\" schedule --to bob@example.org --subject Hello --at 'in 2 hours'");
        var id = (await world.RunShellAsync("\"$nightmail\" list | tail -n 1")).Output.Split(' ')[0];

        (await PressTabInZshAsync($"cancel {id[..3]}")).ShouldBe($"nightmail cancel {id} ");
        (await CompleteInFishAsync($"cancel {id[..3]}")).ShouldBe([id]);
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

    // An interactive zsh in a terminal of its own: the script sourced, the words typed, Tab pressed. What then stands in the line is returned.
    private async Task<string> PressTabInZshAsync(string typed)
    {
        var script = world.Write("tab.zsh", """
            zmodload zsh/zpty zsh/zselect
            cd $HOME
            zpty -b shell "zsh -f -i"
            feed() { zpty -n -w shell "$1" }
            wait_for() { for ((i = 0; i < 1200; i++)); do [[ -e $1 ]] && return; zpty -r -t shell shown; zselect -t 5; done; exit 9 }
            feed $'nightmail() { "$nightmail" "$@"; }\n'
            feed $'source <(nightmail completion zsh)\n'
            feed $'show() { print -r -- "$BUFFER" > line.new; mv line.new line; }; zle -N show; bindkey "^X^X" show; touch ready\n'
            wait_for ready
            feed "nightmail $1"$'\t'
            feed $'\x18\x18'
            wait_for line
            zpty -d shell
            cat line
            """);
        var result = await world.RunShellAsync($"zsh -f '{script}' '{typed}'");
        result.ExitCode.ShouldBe(0, result.Errors);
        return result.Output.TrimEnd('\n');
    }

    // What fish offers when Tab is pressed behind these words, without the descriptions.
    private async Task<IReadOnlyList<string>> CompleteInFishAsync(string typed)
    {
        var result = await world.RunShellAsync($"cd \"$HOME\"; function nightmail; $nightmail $argv; end; nightmail completion fish | source; complete -C 'nightmail {typed}'", "/usr/bin/fish");
        result.ExitCode.ShouldBe(0, result.Errors);
        return [.. result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')[0])];
    }

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
