using System.CommandLine;
using Nightmail.Cli.Printing;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Cli.Commands;

/// <summary><c>show ID [--raw]</c>: everything about one email, or the message as it will go out.</summary>
internal sealed class ShowCommand : Verb
{
    private readonly Argument<string> id = Words.Id();
    private readonly Flag raw = new("--raw", "The message itself, as it will go out");

    /// <summary>The command.</summary>
    public ShowCommand()
        : base("show", "Shows everything about one email.", "nightmail show 9f3c21", "nightmail show 9f3c21 --raw > letter.eml")
    {
        Add(id);
        Add(raw);
    }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var email = await new EmailLookup(session).FindAsync(words.GetValue(id)!, cancellationToken);
        var context = await session.WhyContextAsync(cancellationToken);
        if (raw.IsSet(words)) await WriteMessageAsync(email, context, session, cancellationToken);
        else if (session.Globals.Json) session.Surroundings.Output.Write(JsonText.Line(json => EmailJson.Write(json, email, context)));
        else session.Surroundings.Output.Write(EmailDetails.Text(email, context, session.Command));
        return ExitCodes.Done;
    }

    private static async Task WriteMessageAsync(ScheduledEmail email, WhyContext context, Session session, CancellationToken cancellationToken)
    {
        var from = EmailJson.SenderOf(email, context)
            ?? throw CommandFailure.Refused("the email names no sender and no account would send it: add an account to the configuration");
        if (session.Remote is { } remote)
        {
            await using var written = session.Surroundings.OpenOutput();
            await remote.WriteMessageAsync(email.Id, written, cancellationToken);
            return;
        }

        try
        {
            await using var message = await Composition.Composer(session.Blobs).ComposeAsync(email, DeliveryExecutor.IdentityOf(email, from, session.Now), cancellationToken);
            await using var output = session.Surroundings.OpenOutput();
            await message.CopyToAsync(output, cancellationToken);
        }
        catch (MessageInvalidException invalid)
        {
            throw CommandFailure.Refused($"no message can be written from {email.Id}: {invalid.Message}");
        }
    }
}
