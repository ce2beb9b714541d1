using System.CommandLine;
using Nightmail.Cli.Printing;
using Nightmail.Cli.Remote;

namespace Nightmail.Cli.Commands.Campaigns;

/// <summary><c>campaign preview</c>: the words as one recipient gets them.</summary>
internal sealed class CampaignPreviewCommand : CampaignVerb
{
    private readonly Argument<string> campaign = Named();
    private readonly Option<string?> recipient = Words.Text("--recipient", "ADDRESS", "Whose variables; without it, the first recipient's");
    private readonly Flag html = new("--html", "The HTML instead of the text");

    /// <summary>The command.</summary>
    public CampaignPreviewCommand()
        : base("preview", "Shows the words as a recipient would get them.", "nightmail campaign preview \"Spring news\" --recipient bob@example.org", "nightmail campaign preview \"Spring news\" --html > preview.html")
    {
        Add(campaign);
        Add(recipient);
        Add(html);
    }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var campaigns = new RemoteCampaigns(session);
        var id = await campaigns.IdOfAsync(words.GetValue(campaign)!, cancellationToken);
        var preview = await campaigns.DoAsync(id, "preview", json => EmailWriting.Maybe(json, "email", words.GetValue(recipient)), cancellationToken);
        if (session.Globals.Json)
        {
            new CampaignPrinter(session).Json(preview);
            return ExitCodes.Done;
        }

        if (html.IsSet(words)) session.Print(preview.TextOf("html") ?? throw CommandFailure.Refused("it has no HTML"));
        else session.Print($"Subject: {Printable.OneLine(preview.TextOf("subject") ?? "")}\n\n{Printable.Lines(preview.TextOf("text") ?? "").TrimEnd('\n')}\n");
        if (preview.TextsOf("missing") is { Count: > 0 } missing) session.Note($"missing: {string.Join(", ", missing)}");
        return ExitCodes.Done;
    }
}

/// <summary><c>campaign test</c>: the words to oneself.</summary>
internal sealed class CampaignTestCommand : CampaignVerb
{
    private readonly Argument<string> campaign = Named();
    private readonly Option<string?> to = Words.Text("--to", "ADDRESS", "Where it goes: an address of your own");
    private readonly Option<string?> recipient = Words.Text("--recipient", "ADDRESS", "Whose variables; without it, the first recipient's");

    /// <summary>The command.</summary>
    public CampaignTestCommand()
        : base("test", "Sends the words to an address of your own, now.", "nightmail campaign test \"Spring news\" --to me@example.org")
    {
        to.Required = true;
        Add(campaign);
        Add(to);
        Add(recipient);
    }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var campaigns = new RemoteCampaigns(session);
        var id = await campaigns.IdOfAsync(words.GetValue(campaign)!, cancellationToken);
        var email = await campaigns.MakeAsync(id, "test", json =>
        {
            json.WriteString("to", words.GetValue(to));
            EmailWriting.Maybe(json, "email", words.GetValue(recipient));
        }, cancellationToken);
        if (session.Globals.Json) new CampaignPrinter(session).Json(email);
        else session.Print($"{email.TextOf("id")} to {Printable.OneLine(words.GetValue(to)!)}\n");
        await WhoSends.NoteAsync(session, cancellationToken);
        return ExitCodes.Done;
    }
}
