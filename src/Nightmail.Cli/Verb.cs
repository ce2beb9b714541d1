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

    /// <summary>What it works on.</summary>
    public virtual Reach Reach => Reach.Both;

    /// <summary>Does it.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public abstract Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken);
}

/// <summary>What a command works on.</summary>
internal enum Reach
{
    /// <summary>A queue file, or a server where one is named.</summary>
    Both,

    /// <summary>This machine's queue file, its processes or its configuration: what the environment or the configuration says of a server does not concern it.</summary>
    Here,

    /// <summary>A server.</summary>
    Server,
}
