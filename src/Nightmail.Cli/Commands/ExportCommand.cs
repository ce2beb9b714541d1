using System.CommandLine;
using Nightmail.Cli.Printing;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Exchange;

namespace Nightmail.Cli.Commands;

/// <summary><c>export [FILE]</c>: the whole queue as JSON lines, for another store.</summary>
internal sealed class ExportCommand : Verb
{
    private readonly Argument<string> file = new("FILE") { Description = "The file to make; - or nothing: standard output", Arity = ArgumentArity.ZeroOrOne };

    /// <summary>The command.</summary>
    public ExportCommand()
        : base("export", "Writes the whole queue with its attachments as JSON lines, for another store. The queue stays as it is.", "nightmail export queue.jsonl", "nightmail export --server http://127.0.0.1:8025 queue.jsonl", "nightmail export | gzip > queue.jsonl.gz") => Add(file);

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var path = words.GetValue(file) is { Length: > 0 } named && named != "-" ? Path.GetFullPath(named) : null;
        if (path is not null && Path.Exists(path)) throw CommandFailure.Refused($"{path} is there already; nothing was written: name another file, or remove it first");
        var (emails, leftOut) = await EmailsAsync(session, cancellationToken);
        ExportReport report;
        if (path is null)
        {
            await using var output = session.Surroundings.OpenOutput();
            report = await ExportWriter.WriteAsync(emails, session.Blobs, output, session.Now, cancellationToken);
        }
        else
        {
            report = await WriteFileAsync(path, output => ExportWriter.WriteAsync(emails, session.Blobs, output, session.Now, cancellationToken));
            var done = ExportWords.Sentence(path, report, leftOut);
            session.Print(session.Globals.Json ? JsonText.Line(json => ExportWords.Write(json, path, report, leftOut)) : $"{Printable.OneLine(done)}\n", done);
        }

        foreach (var note in ExportWords.Notes(report, leftOut, session.Command)) session.Note(note);
        return report.Missing.Count + leftOut.SetAside.Count > 0 ? ExitCodes.Refused : ExitCodes.Done;
    }

    private static async Task<(IAsyncEnumerable<ImportedEmail> Emails, LeftOut LeftOut)> EmailsAsync(Session session, CancellationToken cancellationToken)
    {
        if (session.Remote is { } remote)
        {
            var campaigns = await remote.PagesAsync("api/campaigns?limit=1", campaign => campaign, 1, cancellationToken);
            return (remote.ExportAsync(cancellationToken), new(session.Server!.Text, [], campaigns.Count > 0));
        }

        var export = await session.QueueFile.ExportAsync(cancellationToken);
        return (export.Emails.ToAsyncEnumerable(), new(session.QueuePath, export.SetAside, Campaigns: false));
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
            throw CommandFailure.Refused($"cannot write {path}: {unwritable.Message.TrimEnd('.')}; no file was made: see that there is room, or name another place");
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
