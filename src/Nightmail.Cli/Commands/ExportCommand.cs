using System.CommandLine;
using Nightmail.Cli.Printing;
using Nightmail.Store.File.Exchange;

namespace Nightmail.Cli.Commands;

/// <summary><c>export [FILE]</c>: the whole queue as JSON lines, for another store.</summary>
internal sealed class ExportCommand : Verb
{
    private readonly Argument<string> file = new("FILE") { Description = "The file to make; - or nothing: standard output", Arity = ArgumentArity.ZeroOrOne };

    /// <summary>The command.</summary>
    public ExportCommand()
        : base("export", "Writes the whole queue with its attachments as JSON lines, for another store. The queue stays as it is.", "nightmail export queue.jsonl", "nightmail export | gzip > queue.jsonl.gz") => Add(file);

    /// <inheritdoc/>
    public override Reach Reach => Reach.Here;

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var path = words.GetValue(file) is { Length: > 0 } named && named != "-" ? Path.GetFullPath(named) : null;
        if (path is not null && Path.Exists(path)) throw CommandFailure.Refused($"{path} is there already; nothing was written: name another file, or remove it first");
        var (emails, setAside) = await session.QueueFile.ExportAsync(cancellationToken);
        ExportReport report;
        if (path is null)
        {
            await using var output = session.Surroundings.OpenOutput();
            report = await ExportWriter.WriteAsync(emails, session.Blobs, output, session.Now, cancellationToken);
        }
        else
        {
            report = await WriteFileAsync(path, output => ExportWriter.WriteAsync(emails, session.Blobs, output, session.Now, cancellationToken));
            Print(path, report, setAside, session);
        }

        foreach (var entry in setAside) session.Note($"warning: not exported, because it cannot be read as an email: '{entry.Key}' at {entry.Place} of {session.QueuePath}: {entry.Why}; mend or remove it there, then export again");
        foreach (var missing in report.Missing) session.Note($"warning: exported without an attachment: {missing}");
        if (report.Waiting > 0) session.Note($"{report.Waiting} of the {report.Emails} emails still wait here too; before another store sends them, keep this one from doing so: {session.Command("pause --all")}");
        return report.Missing.Count + setAside.Count > 0 ? ExitCodes.Refused : ExitCodes.Done;
    }

    private static void Print(string path, ExportReport report, IReadOnlyList<SetAsideEntry> setAside, Session session)
    {
        var done = $"{report.Emails} emails and {report.Blobs} attachments exported to {path}{(setAside.Count > 0 ? $"; {setAside.Count} entries are not in it" : "")}";
        session.Print(session.Globals.Json ? JsonText.Line(json =>
        {
            json.WriteStartObject();
            json.WriteString("file", path);
            json.WriteNumber("emails", report.Emails);
            json.WriteNumber("waiting", report.Waiting);
            json.WriteNumber("attachments", report.Blobs);
            json.WriteNumber("missing", report.Missing.Count);
            json.WriteString("sha256", report.Sha256);
            json.WriteStartArray("setAside");
            foreach (var entry in setAside)
            {
                json.WriteStartObject();
                json.WriteString("id", entry.Key);
                json.WriteString("place", entry.Place);
                json.WriteString("error", entry.Why);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }) : $"{Printable.OneLine(done)}\n", done);
    }

    /// <summary>Under its name the file is whole or not there.</summary>
    private static async Task<ExportReport> WriteFileAsync(string path, Func<Stream, Task<ExportReport>> write)
    {
        var temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            ExportReport report;
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            await using (var output = new FileStream(temporary, options))
            {
                report = await write(output);
                output.Flush(flushToDisk: true);
            }

            File.Move(temporary, path);
            return report;
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Refused($"cannot write {path}: {unwritable.Message.TrimEnd('.')}");
        }
        finally
        {
            Remove(temporary);
        }
    }

    private static void Remove(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
        {
            // What could not be made cannot be removed either; the error that is told is the first one.
        }
    }
}
