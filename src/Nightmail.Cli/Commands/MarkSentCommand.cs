using System.CommandLine;
using Nightmail.Core.Scheduling;

namespace Nightmail.Cli.Commands;

/// <summary><c>mark-sent ID</c>: closes a doubtful email.</summary>
internal sealed class MarkSentCommand : Verb
{
    private readonly Argument<string> id = Words.Id();

    /// <summary>The command.</summary>
    public MarkSentCommand()
        : base("mark-sent", "Closes an email that is in doubt: its doubtful recipients have it.", "nightmail mark-sent 9f3c21") => Add(id);

    /// <inheritdoc/>
    public override Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken) =>
        new ChangeRun(session, new EmailChange.MarkSent(), email => $"closed as {Core.Emails.EmailStatusNames.Name(email.Status)}").RunAsync([words.GetValue(id)!], cancellationToken);
}
