using System.CommandLine;

namespace Nightmail.Cli;

/// <summary>One command: its words, its examples, and what it does.</summary>
internal abstract class Verb : Command
{
    /// <summary>A command of that name.</summary>
    protected Verb(string name, string description, params string[] examples)
        : base(name, description) => Examples = examples;

    /// <summary>Lines that a person can type.</summary>
    public IReadOnlyList<string> Examples { get; }

    /// <summary>True for a command that sends.</summary>
    public virtual bool Works => false;

    /// <summary>Does it.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public abstract Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken);
}
