using System.CommandLine;
using Nightmail.Cli.Configuration;
using Nightmail.Cli.Drafts;
using Nightmail.Cli.Printing;
using Nightmail.Core.Emails;
using Nightmail.Store.File.Exchange;

namespace Nightmail.Cli.Commands;

/// <summary><c>import FILE</c>: takes what another store exported.</summary>
internal sealed class ImportCommand : Verb
{
    private readonly Argument<string> file = new("FILE") { Description = "What nightmail export wrote; - is standard input" };

    /// <summary>The command.</summary>
    public ImportCommand()
        : base("import", "Takes emails that another store exported, under the same ids. What has left stays so; what is here already is left as it is.", "nightmail import queue.jsonl", "gunzip -c queue.jsonl.gz | nightmail import -") => Add(file);

    /// <inheritdoc/>
    public override Reach Reach => Reach.Here;

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var path = words.GetRequiredValue(file);
        try
        {
            await using var input = await OpenAsync(path, session, cancellationToken);
            await EmailImport.CheckAsync(input, session.Blobs, cancellationToken);
            input.Position = 0;
            var report = await EmailImport.RunAsync(input, session.QueueFile, session.Blobs, cancellationToken);
            session.Log.Write(LogLevel.Information, $"import: {Sentence(report)}");
            Print(path, report, session);
            if (report.Waiting > 0) await WhoSends.NoteAsync(session, cancellationToken);
            return report.KeysTaken.Count > 0 ? ExitCodes.Refused : ExitCodes.Done;
        }
        catch (ImportException wrong)
        {
            throw CommandFailure.Refused($"{path}: {wrong.Message}; nothing was changed");
        }
        catch (IOException unreadable)
        {
            throw CommandFailure.Refused($"{path}: {unreadable.Message.TrimEnd('.')}");
        }
    }

    /// <summary>The file, to be read twice: what can be read only once is copied first, onto the disk and not into memory.</summary>
    private static async Task<Stream> OpenAsync(string path, Session session, CancellationToken cancellationToken)
    {
        if (path == "-" && session.Surroundings.InputIsTerminal) session.Note("reading from standard input; end with Ctrl-D");
        var given = path == "-" ? session.Surroundings.OpenInput() : InputFiles.Open(path, "import", long.MaxValue);
        if (given.CanSeek) return given;
        await using (given)
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Options = FileOptions.DeleteOnClose };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            var copy = new FileStream(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), options);
            try
            {
                await given.CopyToAsync(copy, cancellationToken);
                copy.Position = 0;
                return copy;
            }
            catch
            {
                await copy.DisposeAsync();
                throw;
            }
        }
    }

    private static void Print(string path, ImportReport report, Session session)
    {
        var sentence = Sentence(report);
        session.Print(session.Globals.Json ? JsonText.Line(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("imported", report.Imported);
            json.WriteNumber("waiting", report.Waiting);
            WriteIds(json, "held", report.Held);
            WriteIds(json, "existing", report.Existing);
            json.WriteStartArray("keyTaken");
            foreach (var taken in report.KeysTaken)
            {
                json.WriteStartObject();
                json.WriteString("id", taken.Id.ToString());
                json.WriteString("by", taken.Other.ToString());
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }) : $"{sentence}\n", sentence);
        foreach (var taken in report.KeysTaken) session.Note($"nightmail: {taken.Id} was not imported: its idempotency key made {taken.Other} here");
        if (report.Held.Count > 0) session.Note($"{report.Held.Count} are paused because nothing tells whether they have left: {session.Command("list --status paused")} shows them, {session.Command("resume --held")} lets all of them go");
    }

    private static string Sentence(ImportReport report)
    {
        List<string> parts = [$"{report.Imported} imported"];
        if (report.Held.Count > 0) parts.Add($"{report.Held.Count} of them paused");
        if (report.Existing.Count > 0) parts.Add($"{report.Existing.Count} were here already and stay as they are");
        if (report.KeysTaken.Count > 0) parts.Add($"{report.KeysTaken.Count} were not taken");
        return string.Join("; ", parts);
    }

    private static void WriteIds(System.Text.Json.Utf8JsonWriter json, string name, IReadOnlyList<EmailId> ids)
    {
        json.WriteStartArray(name);
        foreach (var id in ids) json.WriteStringValue(id.ToString());
        json.WriteEndArray();
    }
}
