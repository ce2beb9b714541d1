using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Storage;
using Nightmail.Mail.Mime;

namespace Nightmail.Mail.Transports;

/// <summary>The files of one run of a program, in a folder that is its owner's alone and goes with the run: the message, and what the program says.</summary>
internal sealed class CommandFiles : IDisposable
{
    /// <summary>More than a person reads of what a program complains about.</summary>
    private const int MaxWords = 1_000;

    private readonly string folder;

    private CommandFiles(string folder) => this.folder = folder;

    /// <summary>What the program reads.</summary>
    public string Input => Path.Combine(folder, "message");

    /// <summary>What it prints.</summary>
    public string Output => Path.Combine(folder, "output");

    /// <summary>What it complains about.</summary>
    public string Errors => Path.Combine(folder, "errors");

    /// <summary>Makes the folder, or says why not.</summary>
    public static CommandFiles? Create(out string trouble)
    {
        trouble = "";
        try
        {
            return new(Directory.CreateTempSubdirectory("nightmail-").FullName);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            trouble = $"no place for temporary files: {refused.Message}";
            return null;
        }
    }

    /// <summary>Writes the message, and makes room for what the program will say.</summary>
    /// <returns>Null, or why it could not be read.</returns>
    public async Task<string?> WriteAsync(IOutgoingMessage message, CancellationToken cancellationToken)
    {
        // Now, so that nothing is left to fail between begin and the program.
        await File.Create(Output).DisposeAsync();
        await File.Create(Errors).DisposeAsync();
        await using var file = new FileStream(Input, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        try
        {
            await message.CopyToAsync(file, cancellationToken);
        }
        catch (StoreException unreadable)
        {
            return $"the message could not be read: {unreadable.Message}";
        }

        return file.Length == message.Length ? null : $"the message could not be read whole: {file.Length} of {message.Length} bytes";
    }

    /// <summary>The header section of the message.</summary>
    public async Task<HeaderSection> HeaderAsync(CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(Input);
        return await HeaderScanner.ReadAsync(file, cancellationToken);
    }

    /// <summary>Puts lines in front of the message.</summary>
    public async Task PrependAsync(string lines, CancellationToken cancellationToken)
    {
        var longer = Path.Combine(folder, "longer");
        await using (var target = new FileStream(longer, FileMode.CreateNew, FileAccess.Write, FileShare.None))
        await using (var source = File.OpenRead(Input))
        {
            await target.WriteAsync(Encoding.ASCII.GetBytes(lines), cancellationToken);
            await source.CopyToAsync(target, cancellationToken);
        }

        File.Move(longer, Input, overwrite: true);
    }

    /// <summary>What the program complained about, or else printed, in one line.</summary>
    public string Words()
    {
        var words = Beginning(Errors);
        return words.Length > 0 ? words : Beginning(Output);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception left) when (left is IOException or UnauthorizedAccessException)
        {
            // A left-over in the folder for temporary files, readable by its owner alone.
        }
    }

    private static string Beginning(string path)
    {
        var bytes = new byte[MaxWords * 4];
        int count;
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            count = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            // Words are a courtesy; what the run came to does not hang on them.
            return "";
        }

        var text = Encoding.UTF8.GetString(bytes, 0, count);
        var lines = text.Split(['\r', '\n'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var line = string.Concat(string.Join(' ', lines).Select(letter => char.IsControl(letter) ? ' ' : letter));
        return line.Length > MaxWords ? line[..MaxWords] : line;
    }
}
