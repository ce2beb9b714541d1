using System.CommandLine;

namespace Nightmail.Cli.Commands;

/// <summary>Arguments and options that several commands share.</summary>
internal static class Words
{
    private const string IdDescription = "An email's id, or as much of its beginning or end as is unique";

    /// <summary>One id.</summary>
    public static Argument<string> Id() => new("ID") { Description = IdDescription };

    /// <summary>One or more ids.</summary>
    public static Argument<string[]> Ids(bool optional = false) =>
        new("ID") { Description = IdDescription, Arity = optional ? ArgumentArity.ZeroOrMore : ArgumentArity.OneOrMore };

    /// <summary>A time in words.</summary>
    public static Option<string?> At(string description) => new("--at") { Description = description, HelpName = "WHEN" };

    /// <summary>Leave to name a time that has passed.</summary>
    public static Flag AllowPast() => new("--allow-past", "Take a time in the past: it is sent at once");

    /// <summary>An option with a value of text.</summary>
    public static Option<string?> Text(string name, string helpName, string description) => new(name) { Description = description, HelpName = helpName };

    /// <summary>An option with a value of text that may be given again.</summary>
    public static Option<string[]> Texts(string name, string helpName, string description) => new(name) { Description = description, HelpName = helpName };
}
