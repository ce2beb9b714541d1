using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Nightmail.Cli.Drafts;
using Nightmail.Cli.Printing;
using Nightmail.Cli.Remote;

namespace Nightmail.Cli.Commands.Campaigns;

/// <summary>A file of recipients, named by option or argument, and its way to the server.</summary>
internal sealed class RecipientWords
{
    private readonly Option<string?> recipients = Words.Text("--recipients", "FILE", "Its recipients: CSV with a header row, or JSON lines; - is standard input");
    private readonly Option<string?> format = Words.Text("--format", "FORMAT", "csv or jsonl; without it by the file's ending, and CSV from standard input");

    /// <summary>Adds the options.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(recipients);
        command.Options.Add(format);
    }

    /// <summary>Adds only the format, for a command whose file is an argument.</summary>
    public void AddFormatTo(Command command) => command.Options.Add(format);

    /// <summary>True when a file was given by option.</summary>
    public bool IsGiven(ParseResult words) => words.GetValue(recipients) is not null;

    /// <summary>Sees that the file can be read, before anything is made.</summary>
    public void Check(ParseResult words)
    {
        _ = ContentType(words, words.GetValue(recipients) ?? "-");
        if (words.GetValue(recipients) is { } path and not "-") InputFiles.Open(path, "--recipients").Dispose();
    }

    /// <summary>Sends the option's file.</summary>
    public Task<JsonElement> ImportAsync(string campaign, ParseResult words, Session session, CancellationToken cancellationToken) =>
        ImportAsync(campaign, words.GetValue(recipients)!, "--recipients", words, session, cancellationToken);

    /// <summary>Sends a file, and says what became of its recipients.</summary>
    public async Task<JsonElement> ImportAsync(string campaign, string path, string label, ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var progress = new ProgressLine(session);
        var size = path == "-" ? 0 : InputSize(path, label);
        var answer = await new RemoteCampaigns(session).ImportAsync(
            campaign,
            () => path == "-" ? session.Surroundings.OpenInput() : InputFiles.Open(path, label),
            ContentType(words, path),
            sent => progress.Draw(sent, size, sent < size || size == 0 ? $"{Megabytes(sent)} sent" : "sent; the server reads it through and keeps it"),
            cancellationToken);
        progress.Clear();
        session.Note($"{Number(answer, "added")} added{Also(answer, "duplicates", "were there already")}{Also(answer, "suppressed", "are suppressed and left out")}");
        return answer;
    }

    private string ContentType(ParseResult words, string path) => words.GetValue(format) switch
    {
        "csv" => "text/csv",
        "jsonl" or "ndjson" => "application/x-ndjson",
        null => Path.GetExtension(path).ToLowerInvariant() is ".jsonl" or ".ndjson" or ".json" ? "application/x-ndjson" : "text/csv",
        var other => throw CommandFailure.Usage($"--format '{other}' is unknown; write csv or jsonl"),
    };

    private static long InputSize(string path, string label)
    {
        using var file = InputFiles.Open(path, label);
        return file.CanSeek ? file.Length : 0;
    }

    private static string Also(JsonElement answer, string name, string words) => answer.NumberOf(name) > 0 ? $", {Number(answer, name)} {words}" : "";

    private static string Number(JsonElement answer, string name) => answer.NumberOf(name).ToString(CultureInfo.InvariantCulture);

    private static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB");
}

/// <summary><c>campaign import</c>: recipients into a draft.</summary>
internal sealed class CampaignImportCommand : CampaignVerb
{
    private readonly Argument<string> campaign = Named();
    private readonly Argument<string> file = new("FILE") { Description = "CSV with a header row (a column email; name and any variables), or JSON lines; - is standard input" };
    private readonly RecipientWords recipients = new();

    /// <summary>The command.</summary>
    public CampaignImportCommand()
        : base("import", "Adds recipients to a draft; a file with a mistake adds none, and an address that is there already is left out.", "nightmail campaign import \"Spring news\" people.csv", "sqlite3 -json … | jq -c '.[]' | nightmail campaign import Spring - --format jsonl")
    {
        Add(campaign);
        Add(file);
        recipients.AddFormatTo(this);
    }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var id = await new RemoteCampaigns(session).IdOfAsync(words.GetValue(campaign)!, cancellationToken);
        var answer = await recipients.ImportAsync(id, words.GetValue(file)!, "FILE", words, session, cancellationToken);
        if (session.Globals.Json) new CampaignPrinter(session).Json(answer);
        else session.Print($"{id} {answer.NumberOf("added").ToString(CultureInfo.InvariantCulture)} recipients added\n");
        return ExitCodes.Done;
    }
}
