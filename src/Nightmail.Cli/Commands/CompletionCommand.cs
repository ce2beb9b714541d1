using System.CommandLine;
using Nightmail.Cli.Completion;
using Nightmail.Cli.Printing;

namespace Nightmail.Cli.Commands;

/// <summary><c>completion bash | zsh | fish</c>: a script with which a shell completes this program's words.</summary>
internal sealed class CompletionCommand : Verb
{
    private const string Known = "bash, zsh or fish";
    private readonly Argument<string> shell = new("SHELL") { Description = Known };

    /// <summary>The command.</summary>
    public CompletionCommand()
        : base(
            "completion",
            "Prints a script with which a shell completes commands, options and ids.",
            "nightmail completion bash > ~/.local/share/bash-completion/completions/nightmail",
            "nightmail completion zsh > ~/.zfunc/_nightmail",
            "nightmail completion fish > ~/.config/fish/completions/nightmail.fish") => Add(shell);

    /// <inheritdoc/>
    public override Reach Reach => Reach.Here;

    /// <inheritdoc/>
    public override Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var name = words.GetValue(shell)!;
        var commands = CompletionWords.All();
        var script = name switch
        {
            "bash" => BashCompletion.Script(commands),
            "zsh" => BashCompletion.ZshScript(commands),
            "fish" => FishCompletion.Script(commands),
            _ => throw CommandFailure.Usage($"there is no completion for '{name}'; name {Known}"),
        };
        session.Print(session.Globals.Json ? JsonText.Line(json =>
        {
            json.WriteStartObject();
            json.WriteString("shell", name);
            json.WriteString("script", script);
            json.WriteEndObject();
        }) : script);
        return Task.FromResult(ExitCodes.Done);
    }
}
