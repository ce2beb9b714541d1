using System.CommandLine;
using System.CommandLine.Help;
using Nightmail.Cli.Commands;
using Nightmail.Cli.Commands.Accounts;
using Nightmail.Cli.Commands.Campaigns;
using Nightmail.Core.Scheduling;

namespace Nightmail.Cli;

/// <summary>The words that the program understands. Only the command that is named is built: building all of them would cost more than most commands do.</summary>
internal sealed class CommandLine
{
    private const int HelpWidth = 100;

    private static readonly string[] HelpNames = ["--help", "-h"];

    private static readonly NamedVerb[] Verbs =
    [
        new("schedule", () => new ScheduleCommand()),
        new("list", () => new ListCommand()),
        new("show", () => new ShowCommand()),
        new("why", () => new WhyCommand()),
        new("cancel", () => new CancelCommand()),
        new("undo", () => new UndoCommand()),
        new("reschedule", () => new RescheduleCommand()),
        new("edit", () => new EditCommand()),
        new("send-now", () => new SendNowCommand()),
        new("retry", () => new RetryCommand()),
        new("mark-sent", () => new MarkSentCommand()),
        new("pause", () => new PauseCommand()),
        new("resume", () => new ResumeCommand()),
        new("run", () => new RunCommand()),
        new("serve", () => new ServeCommand()),
        new("service", () => new ServiceCommand()),
        new("log", () => new LogCommand()),
        new("stats", () => new StatsCommand()),
        new("demo", () => new DemoCommand()),
        new("account", () => new AccountCommand()),
        new("sendmail", () => new SendmailCommand()),
        new("config", () => new ConfigCommand()),
        new("completion", () => new CompletionCommand()),
        new("campaign", () => new CampaignCommand()),
        new("backup", () => new BackupCommand()),
        new("export", () => new ExportCommand()),
        new("import", () => new ImportCommand()),
        new("health", () => new HealthCommand()),
    ];

    private readonly Flag version = new("--version", "Print the version");

    /// <summary>The words for these arguments.</summary>
    public CommandLine(string[] given)
    {
        var arguments = WithEmptyValues(given);
        Root = new("nightmail", "Schedules emails and sends each of them once, at its time.");
        foreach (var verb in Wanted(arguments)) Root.Subcommands.Add(verb);
        Globals.AddTo(Root);
        Root.Options.Add(version);
        if (arguments.Any(HelpNames.Contains)) AddHelp();

        // "@1795330004" is a time, not a file to take arguments from; "-hi" is a subject, not two options.
        Words = Root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
    }

    /// <summary>The outermost command.</summary>
    public Command Root { get; }

    /// <summary>The options that every command takes.</summary>
    public GlobalOptions Globals { get; } = new();

    /// <summary>What was understood.</summary>
    public ParseResult Words { get; }

    /// <summary>The command that was named, or null.</summary>
    public Verb? Verb => Words.CommandResult.Command as Verb;

    /// <summary>The words that name the command: <c>campaign list</c>.</summary>
    public string Path => Verb is not { } verb ? "" : verb.Parents.FirstOrDefault() is Verb above ? $"{above.Name} {verb.Name}" : verb.Name;

    /// <summary>True when help was asked for.</summary>
    public bool WantsHelp => Words.Action is HelpAction;

    /// <summary>True when the version was asked for.</summary>
    public bool WantsVersion => version.IsSet(Words);

    /// <summary>True when all that is wrong is that a command needs another one behind it; it says so itself.</summary>
    private bool WantsAnotherWord => Words.Errors is [{ SymbolResult: var place }] && place == Words.CommandResult && Words.UnmatchedTokens.Count == 0 && Words.CommandResult.Command.Subcommands.Count > 0;

    /// <summary>What is wrong with the arguments, in one line; null: nothing.</summary>
    public string? Mistake()
    {
        if (Words.CommandResult.Command is not Nightmail.Cli.Verb && Words.UnmatchedTokens.FirstOrDefault(token => !token.StartsWith('-')) is { } word)
            return $"unknown command '{word}'{Suggest(word, Verbs.Select(each => each.Name))}";
        if (Words.UnmatchedTokens.FirstOrDefault(token => token.StartsWith("--", StringComparison.Ordinal)) is { } option)
            return $"unknown option '{option}'{Suggest(option, KnownOptions())}";
        if (WantsAnotherWord) return null;
        return Words.Errors.Count > 0 ? Words.Errors[0].Message.TrimEnd('.') : null;
    }

    /// <summary>Prints the help of the command that was named, with its examples.</summary>
    public void PrintHelp(TextWriter output)
    {
        using var help = new StringWriter();
        Words.Invoke(new InvocationConfiguration { Output = help });

        // The library leaves blanks at the ends of wrapped lines.
        output.Write(string.Join('\n', help.ToString().ReplaceLineEndings("\n").Split('\n').Select(line => line.TrimEnd())));
        IReadOnlyList<string> examples = Verb?.Examples ?? ["nightmail schedule --to ada@example.org --subject Hello --body \"Good morning\" --at \"tomorrow 9:00\"", "nightmail run", "nightmail demo"];
        output.Write("Examples:\n");
        foreach (var example in examples) output.Write($"  {example}\n");
    }

    // Only for those who ask: the library's help brings its resources along, which take longer to load than a command to run.
    private void AddHelp() => Root.Options.Add(new HelpOption(HelpNames[0], HelpNames[1..]) { Recursive = true, Action = new HelpAction { MaxWidth = HelpWidth } });

    // "--queue=" says that the value is empty; the library would take the next word for it.
    private static string[] WithEmptyValues(string[] given) => Array.Exists(given, IsEmptyValue)
        ? [.. given.SelectMany(word => IsEmptyValue(word) ? (string[])[word[..^1], ""] : [word])]
        : given;

    private static bool IsEmptyValue(string word) => word.Length > 3 && word.StartsWith("--", StringComparison.Ordinal) && word.IndexOf('=') == word.Length - 1;

    private static IEnumerable<Verb> Wanted(string[] arguments)
    {
        var name = FirstWord(arguments);
        var named = Array.FindIndex(Verbs, verb => verb.Name == name);
        return named < 0 ? Verbs.Select(verb => verb.Make()) : [Verbs[named].Make()];
    }

    private static string? FirstWord(string[] arguments)
    {
        for (var i = 0; i < arguments.Length; i++)
        {
            if (GlobalOptions.WithValue.Contains(arguments[i])) i++;
            else if (!arguments[i].StartsWith('-')) return arguments[i];
        }

        return null;
    }

    private static string Suggest(string word, IEnumerable<string> known) =>
        NearestWord.Find(word, known) is { } nearest ? $"; did you mean '{nearest}'?" : "";

    private IEnumerable<string> KnownOptions() => Words.CommandResult.Command.Options.Concat(Root.Options).Select(option => option.Name);

    // A class, so that looking through them takes no generic code over a type of ours.
    private sealed record NamedVerb(string Name, Func<Verb> Make);
}
