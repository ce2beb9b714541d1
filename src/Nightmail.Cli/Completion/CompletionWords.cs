using System.CommandLine;

namespace Nightmail.Cli.Completion;

/// <summary>One command as a shell completes it.</summary>
/// <param name="Path">Its words behind the program's name; empty for the program itself.</param>
/// <param name="Description">What it does.</param>
/// <param name="Subcommands">The words that may follow.</param>
/// <param name="Options">Its options.</param>
/// <param name="TakesIds">True when ids of emails follow.</param>
internal sealed record CompletedCommand(string Path, string Description, IReadOnlyList<string> Subcommands, IReadOnlyList<CompletedOption> Options, bool TakesIds);

/// <summary>One option as a shell completes it.</summary>
/// <param name="Name">With its hyphens.</param>
/// <param name="Description">What it says.</param>
/// <param name="HelpName">What follows it; null: nothing.</param>
internal sealed record CompletedOption(string Name, string Description, string? HelpName);

/// <summary>What there is to complete, read from the commands themselves, so that nothing is missing.</summary>
internal static class CompletionWords
{
    /// <summary>Every command, the program first.</summary>
    public static IReadOnlyList<CompletedCommand> All()
    {
        var root = new CommandLine([]).Root;
        var everywhere = root.Options.Select(Of).ToList();
        return [.. Commands(root, "", everywhere)];
    }

    private static IEnumerable<CompletedCommand> Commands(Command command, string path, List<CompletedOption> everywhere)
    {
        var options = command.Options.Select(Of).Concat(everywhere).DistinctBy(option => option.Name).Where(option => option.Name != "--version" || path.Length == 0);
        yield return new(
            path,
            command.Description ?? "",
            [.. command.Subcommands.Where(each => !each.Hidden).Select(each => each.Name)],
            [.. options, new("--help", "Show help and usage information", null)],
            command.Arguments.Any(argument => argument.Name == "ID"));
        foreach (var below in command.Subcommands.Where(each => !each.Hidden))
            foreach (var each in Commands(below, path.Length == 0 ? below.Name : $"{path} {below.Name}", everywhere)) yield return each;
    }

    private static CompletedOption Of(Option option) => new(option.Name, option.Description ?? "", option is Flag ? null : option.HelpName ?? "VALUE");
}
