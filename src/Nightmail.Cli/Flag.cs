using System.CommandLine;

namespace Nightmail.Cli;

/// <summary>An option without a value: given or not. An option of text without words, because the library's code for truth values would be compiled at every start.</summary>
internal sealed class Flag : Option<string>
{
    /// <summary>A flag of that name.</summary>
    public Flag(string name, string description)
        : base(name)
    {
        Description = description;
        Arity = ArgumentArity.Zero;
    }

    /// <summary>True when it was given.</summary>
    public bool IsSet(ParseResult words) => words.GetResult(this) is { Implicit: false };
}
