using Nightmail.Store.File.Exchange;

namespace Nightmail.Cli.Drafts;

/// <summary>
/// What is read once to be judged and once to be taken. A file is read twice; of what can be read only once, a copy is made while it is judged, onto the
/// disk and not into memory, so that what is refused at its first line is never copied whole.
/// </summary>
internal sealed class TwiceReadInput : IAsyncDisposable
{
    /// <summary>No more of a pipe is copied: a million emails are a fourth of it, and the folder of temporary files may be memory.</summary>
    public const long MostOfAPipe = 8L * 1024 * 1024 * 1024;

    private readonly Stream given;
    private readonly FileStream? copy;

    /// <param name="given">The input; closed with this.</param>
    /// <param name="folder">Gets the copy.</param>
    /// <param name="limit">The most bytes that are copied.</param>
    /// <exception cref="CommandFailure">A copy is needed and cannot be made.</exception>
    public TwiceReadInput(Stream given, string folder, long limit = MostOfAPipe)
    {
        this.given = given;
        if (given.CanSeek)
        {
            First = given;
            return;
        }

        // What it holds is for nobody else. What was held back would fail once more on a full disk, when it is closed.
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Options = FileOptions.DeleteOnClose, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            copy = new FileStream(Path.Combine(folder, $"nightmail-{Path.GetRandomFileName()}"), options);
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
        {
            throw NoCopy(folder, unwritable);
        }

        First = new Copying(given, copy, folder, limit);
    }

    /// <summary>For the first reading, to its end.</summary>
    public Stream First { get; }

    /// <summary>For the second, from the start.</summary>
    public Stream Again()
    {
        var again = copy ?? given;
        again.Position = 0;
        return again;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await given.DisposeAsync();
        if (copy is not null) await copy.DisposeAsync();
    }

    private static CommandFailure NoCopy(string folder, Exception unwritable) =>
        CommandFailure.Refused($"what comes through a pipe cannot be kept in {folder} while it is judged: {unwritable.Message.TrimEnd('.')}; nothing was changed: write it into a file and import that, or name a folder with room in TMPDIR");

    /// <summary>Gives what it reads, and keeps it.</summary>
    private sealed class Copying(Stream source, Stream copy, string folder, long limit) : ForwardStream
    {
        private long count;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await source.ReadAsync(buffer, cancellationToken);
            if ((count += read) > limit) throw CommandFailure.Refused($"more than {limit / 1024 / 1024} MiB come through the pipe, which is all that is kept while it is judged; nothing was changed: write it into a file and import that");
            try
            {
                await copy.WriteAsync(buffer[..read], cancellationToken);
            }
            catch (IOException full)
            {
                throw NoCopy(folder, full);
            }

            return read;
        }
    }
}
