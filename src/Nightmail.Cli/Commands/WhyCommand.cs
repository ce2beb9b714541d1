using System.CommandLine;
using Nightmail.Cli.Printing;
using Nightmail.Core.Delivery;

namespace Nightmail.Cli.Commands;

/// <summary><c>why ID</c>: the one sentence.</summary>
internal sealed class WhyCommand : Verb
{
    private readonly Argument<string> id = Words.Id();

    /// <summary>The command.</summary>
    public WhyCommand()
        : base("why", "Says in one sentence why an email is where it is, and what comes next.", "nightmail why 9f3c21") => Add(id);

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var email = await new EmailLookup(session).FindAsync(words.GetValue(id)!, cancellationToken);
        var why = Why.Explain(email, await session.WhyContextAsync(cancellationToken));
        session.Surroundings.Output.Write(session.Globals.Json ? JsonText.Line(json =>
        {
            json.WriteStartObject();
            json.WriteString("id", email.Id.ToString());
            json.WriteString("why", why);
            json.WriteEndObject();
        }) : $"{Printable.OneLine(why)}\n");
        return ExitCodes.Done;
    }
}
