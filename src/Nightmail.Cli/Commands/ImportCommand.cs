using System.CommandLine;
using Nightmail.Cli.Configuration;
using Nightmail.Cli.Drafts;
using Nightmail.Cli.Printing;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Exchange;

namespace Nightmail.Cli.Commands;

/// <summary><c>import FILE</c>: takes what another store exported.</summary>
internal sealed class ImportCommand : Verb
{
    private readonly Argument<string> file = new("FILE") { Description = "What nightmail export wrote; - is standard input" };

    /// <summary>The command.</summary>
    public ImportCommand()
        : base("import", "Takes emails that another store exported, under the same ids. What has left stays so; what is here already is left as it is.", "nightmail import queue.jsonl", "nightmail import queue.jsonl --server http://127.0.0.1:8025", "gunzip -c queue.jsonl.gz | nightmail import -") => Add(file);

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var path = words.GetRequiredValue(file);
        if (path == "-" && session.Surroundings.InputIsTerminal) session.Note("reading from standard input; end with Ctrl-D");
        await using var input = new TwiceReadInput(path == "-" ? session.Surroundings.OpenInput() : InputFiles.Open(path, "import", long.MaxValue), Path.GetTempPath());
        await CheckAsync(path, input.First, cancellationToken);
        var report = new ImportReport();
        await TakeAsync(path, input.Again(), report, session, cancellationToken);
        session.Log.Write(LogLevel.Information, $"import: {ImportWords.Sentence(report)}");
        session.Print(session.Globals.Json ? JsonText.Line(json => ImportWords.Write(json, report)) : $"{ImportWords.Sentence(report)}\n", ImportWords.Sentence(report));
        foreach (var note in ImportWords.Notes(report, session.Command)) session.Note(note);
        if (report.Waiting > 0) await WhoSends.NoteAsync(session, cancellationToken);
        return report.KeysTaken.Count + report.NotTaken.Count > 0 ? ExitCodes.Refused : ExitCodes.Done;
    }

    private static async Task CheckAsync(string path, Stream input, CancellationToken cancellationToken)
    {
        try
        {
            await EmailImport.CheckAsync(input, cancellationToken);
        }
        catch (ImportException wrong)
        {
            throw CommandFailure.Refused($"{path}: {wrong.Message}; nothing was changed");
        }
        catch (IOException unreadable)
        {
            throw CommandFailure.Refused($"{path}: {unreadable.Message.TrimEnd('.')}; nothing was changed");
        }
    }

    /// <summary>From here on something may have been changed, and whatever ends it says how much.</summary>
    private static async Task TakeAsync(string path, Stream input, ImportReport report, Session session, CancellationToken cancellationToken)
    {
        try
        {
            await EmailImport.RunAsync(input, session.Store, session.Blobs, report, cancellationToken);
        }
        catch (ImportException changed)
        {
            throw CommandFailure.Refused($"{path} has changed while it was read: {changed.Message}{ImportWords.SoFar(report)}");
        }
        catch (IOException unreadable)
        {
            throw CommandFailure.Refused($"{path}: {unreadable.Message.TrimEnd('.')}{ImportWords.SoFar(report)}");
        }
        catch (StoreException trouble)
        {
            throw new CommandFailure(NightmailApp.ExitCodeOf(trouble), $"{trouble.Message}{(report.Imported > 0 ? ImportWords.SoFar(report) : "")}");
        }
        catch (CommandFailure failure) when (report.Imported > 0)
        {
            throw new CommandFailure(failure.ExitCode, $"{failure.Message}{ImportWords.SoFar(report)}");
        }
    }
}
