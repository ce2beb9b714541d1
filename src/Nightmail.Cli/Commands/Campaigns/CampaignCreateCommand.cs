using System.CommandLine;
using Nightmail.Cli.Drafts;
using Nightmail.Cli.Printing;
using Nightmail.Cli.Remote;

namespace Nightmail.Cli.Commands.Campaigns;

/// <summary><c>campaign create</c>: a draft, with its recipients where a file of them is given.</summary>
internal sealed class CampaignCreateCommand : CampaignVerb
{
    private readonly Argument<string> name = new("NAME") { Description = "What people call it" };
    private readonly Option<string?> subject = Words.Text("--subject", "SUBJECT", "The subject, a template itself: \"Hello {{name}}\"");
    private readonly Option<string?> template = Words.Text("--template", "TEMPLATE", "A template of the server, by its name or id");
    private readonly Option<string?> html = Words.Text("--html", "FILE", "Its HTML, a template");
    private readonly Option<string?> text = Words.Text("--text", "FILE", "Its text, a template; without it the text is made from the HTML");
    private readonly Option<string?> account = Words.Text("--account", "NAME", "The account it must go through");
    private readonly Option<string[]> cc = Words.Texts("--cc", "ADDRESS", "A copy of each email goes there; may be repeated");
    private readonly Option<string[]> bcc = Words.Texts("--bcc", "ADDRESS", "The same, and nobody sees it");
    private readonly RecipientWords recipients = new();

    /// <summary>The command.</summary>
    public CampaignCreateCommand()
        : base(
            "create",
            "Makes a draft; nothing is sent before it is scheduled.",
            "nightmail campaign create \"Spring news\" --subject \"Hello {{name}}\" --html news.html --recipients people.csv",
            "nightmail campaign create Renewal --template renewal")
    {
        Add(name);
        foreach (var option in (Option[])[subject, template, html, text, account, cc, bcc]) Add(option);
        recipients.AddTo(this);
    }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        if (words.GetValue(template) is null && words.GetValue(html) is null && words.GetValue(text) is null) throw CommandFailure.Usage("say what it says: --template, --html or --text");
        if (words.GetValue(template) is not null && (words.GetValue(html) ?? words.GetValue(text)) is not null) throw CommandFailure.Usage("--template brings its own words; leave --html and --text away");
        var (htmlText, plain) = (await TextAsync(html, "--html"), await TextAsync(text, "--text"));
        recipients.Check(words);
        var campaigns = new RemoteCampaigns(session);
        var templateId = words.GetValue(template) is { } named ? await campaigns.TemplateAsync(named, cancellationToken) : null;
        var draft = await campaigns.CreateAsync(json =>
        {
            json.WriteString("name", words.GetValue(name));
            EmailWriting.Maybe(json, "subject", words.GetValue(subject));
            EmailWriting.Maybe(json, "templateId", templateId);
            EmailWriting.Maybe(json, "html", htmlText);
            EmailWriting.Maybe(json, "text", plain);
            EmailWriting.Maybe(json, "account", words.GetValue(account));
            EmailWriting.Texts(json, "cc", words.GetValue(cc) ?? []);
            EmailWriting.Texts(json, "bcc", words.GetValue(bcc) ?? []);
        }, cancellationToken);
        var id = draft.TextOf("id") ?? throw CommandFailure.Refused("the server answered with something that is no campaign");
        if (recipients.IsGiven(words))
        {
            try
            {
                await recipients.ImportAsync(id, words, session, cancellationToken);
            }
            catch (CommandFailure failure)
            {
                throw new CommandFailure(failure.ExitCode, $"{failure.Message}; the draft {id} is there without recipients: {session.Command($"campaign import {id} FILE")}");
            }
        }

        if (session.Globals.Json) new CampaignPrinter(session).Json(await campaigns.GetAsync(id, "", cancellationToken));
        else session.Print($"{id} draft\n", $"{id} draft");
        return ExitCodes.Done;

        async Task<string?> TextAsync(Option<string?> option, string label) => words.GetValue(option) is { } path ? await InputFiles.ReadTextAsync(path, label, session.Surroundings, cancellationToken) : null;
    }
}
