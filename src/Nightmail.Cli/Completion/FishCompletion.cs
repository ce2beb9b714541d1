using System.Text;

namespace Nightmail.Cli.Completion;

/// <summary>A completion for fish.</summary>
internal static class FishCompletion
{
    /// <summary>The script.</summary>
    public static string Script(IReadOnlyList<CompletedCommand> commands)
    {
        var script = new StringBuilder("# Completion of nightmail for fish: nightmail completion fish | source\n");
        foreach (var command in commands)
        {
            var condition = Condition(command);
            foreach (var word in command.Subcommands)
            {
                var below = commands.First(each => each.Path == (command.Path.Length == 0 ? word : $"{command.Path} {word}"));
                script.Append($"complete -c nightmail -f -n {condition} -a {word} -d {Quote(below.Description)}\n");
            }

            foreach (var option in command.Options)
            {
                var value = option.HelpName switch { null => "", "FILE" or "DIR" or "PATH" => " -r", _ => " -x" };
                script.Append($"complete -c nightmail -n {condition} -l {option.Name[2..]}{value} -d {Quote(option.Description)}\n");
            }

            if (command.TakesIds) script.Append($"complete -c nightmail -f -n {condition} -a \"(nightmail list 2>/dev/null | string match -r '^[0-9a-f]+(?=  )')\"\n");
        }

        return script.ToString();
    }

    private static string Condition(CompletedCommand command)
    {
        if (command.Path.Length == 0) return "__fish_use_subcommand";
        var seen = command.Path.Split(' ').Select(word => $"__fish_seen_subcommand_from {word}");
        var notYet = command.Subcommands.Count > 0 ? $"; and not __fish_seen_subcommand_from {string.Join(' ', command.Subcommands)}" : "";
        return Quote(string.Join("; and ", seen) + notYet);
    }

    private static string Quote(string text) => $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";
}
