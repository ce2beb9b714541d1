using System.CommandLine;
using Nightmail.Core.Scheduling;

namespace Nightmail.Cli.Commands;

/// <summary><c>cancel ID…</c>: takes emails back for good.</summary>
internal sealed class CancelCommand : Verb
{
    private readonly Argument<string[]> ids = Words.Ids();

    /// <summary>The command.</summary>
    public CancelCommand()
        : base("cancel", "Takes emails back: once this has succeeded they never leave.", "nightmail cancel 9f3c21", "nightmail cancel 9f3c21 b0442e --json") => Add(ids);

    /// <inheritdoc/>
    public override Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken) =>
        new ChangeRun(session, new EmailChange.Cancel(), _ => "cancelled").RunAsync(words.GetValue(ids)!, cancellationToken);
}
