using System.CommandLine;
using Nightmail.Cli.Commands;

namespace Nightmail.Cli.Drafts;

/// <summary>The options that word a message.</summary>
internal sealed class MessageOptions
{
    private readonly Argument<string?> standardInput = new("-") { Arity = ArgumentArity.ZeroOrOne, Hidden = true };
    private readonly Option<string[]> to = Words.Texts("--to", "ADDRESS", "A recipient; may be repeated, and may hold several separated by commas");
    private readonly Option<string[]> cc = Words.Texts("--cc", "ADDRESS", "A recipient of a copy");
    private readonly Option<string[]> bcc = Words.Texts("--bcc", "ADDRESS", "A recipient whom the others do not see");
    private readonly Option<string?> from = Words.Text("--from", "ADDRESS", "The sender; without it, the account's");
    private readonly Option<string?> subject = Words.Text("--subject", "TEXT", "The subject");
    private readonly Option<string?> body = Words.Text("--body", "TEXT", "The text");
    private readonly Option<string?> bodyFile = Words.Text("--body-file", "FILE", "A file with the text; - is standard input, as is - alone");
    private readonly Option<string?> html = Words.Text("--html", "FILE", "A file with the HTML; images that it names by cid:FILE travel inside");
    private readonly Flag markdown = new("--markdown", "The text is Markdown: it is sent as it stands, with the HTML that it makes beside it");
    private readonly Option<string[]> attach = Words.Texts("--attach", "FILE", "A file to attach; may be repeated");
    private readonly Option<string[]> header = Words.Texts("--header", "NAME:VALUE", "A further header field; may be repeated");
    private readonly Option<string?> eml = Words.Text("--eml", "FILE", "A complete RFC 5322 message; - is standard input. Its bytes are kept");

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[to, cc, bcc, from, subject, body, bodyFile, html, markdown, attach, header, eml]) command.Add(option);
        command.Add(standardInput);
    }

    /// <summary>What was given.</summary>
    /// <exception cref="CommandFailure">The options contradict each other.</exception>
    public MessageWords Read(ParseResult words)
    {
        var dash = words.GetValue(standardInput);
        if (dash is not null and not "-") throw CommandFailure.Usage($"unexpected word '{dash}'; quote text with blanks, and write - to read the body from standard input");
        var bodies = (words.GetValue(body) is null ? 0 : 1) + (words.GetValue(bodyFile) is null ? 0 : 1) + (dash is not null && words.GetValue(eml) is null ? 1 : 0);
        if (bodies > 1) throw CommandFailure.Usage("the text is given more than once: use one of --body, --body-file and -");
        var given = new MessageWords
        {
            To = words.GetValue(to) ?? [],
            Cc = words.GetValue(cc) ?? [],
            Bcc = words.GetValue(bcc) ?? [],
            From = words.GetValue(from),
            Subject = words.GetValue(subject),
            Body = words.GetValue(body),
            BodyFile = dash ?? words.GetValue(bodyFile),
            Html = words.GetValue(html),
            IsMarkdown = markdown.IsSet(words),
            Attachments = words.GetValue(attach) ?? [],
            Headers = words.GetValue(header) ?? [],
            Eml = words.GetValue(eml),
        };
        if (given.Eml is not null && given.WordsContent)
            throw CommandFailure.Usage("--eml brings a complete message: leave --from, --subject, --body, --body-file, --html, --markdown, --attach and --header away");
        if (given is { IsMarkdown: true, Html: not null }) throw CommandFailure.Usage("--markdown makes the HTML itself: leave --html away");
        if (given is { IsMarkdown: true, Body: null, BodyFile: null }) throw CommandFailure.Usage("--markdown needs the text: give --body, --body-file or -");
        return given;
    }
}

/// <summary>A message as it was worded on the command line.</summary>
internal sealed record MessageWords
{
    /// <summary>Recipients.</summary>
    public IReadOnlyList<string> To { get; init; } = [];

    /// <summary>Recipients of copies.</summary>
    public IReadOnlyList<string> Cc { get; init; } = [];

    /// <summary>Hidden recipients.</summary>
    public IReadOnlyList<string> Bcc { get; init; } = [];

    /// <summary>The sender.</summary>
    public string? From { get; init; }

    /// <summary>The subject.</summary>
    public string? Subject { get; init; }

    /// <summary>The text itself.</summary>
    public string? Body { get; init; }

    /// <summary>The file with the text; <c>-</c> is standard input.</summary>
    public string? BodyFile { get; init; }

    /// <summary>The file with the HTML.</summary>
    public string? Html { get; init; }

    /// <summary>True when the text is Markdown, from which the HTML is made.</summary>
    public bool IsMarkdown { get; init; }

    /// <summary>Files to attach.</summary>
    public IReadOnlyList<string> Attachments { get; init; } = [];

    /// <summary>Further header fields, <c>Name: value</c>.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];

    /// <summary>A file with a complete message; <c>-</c> is standard input.</summary>
    public string? Eml { get; init; }

    /// <summary>True when anything is given that a complete message brings itself.</summary>
    public bool WordsContent => From is not null || Subject is not null || Body is not null || BodyFile is not null || Html is not null || IsMarkdown || Attachments.Count > 0 || Headers.Count > 0;
}
