using System.Text;

namespace Nightmail.Cli.Drafts;

/// <summary>Reads the files that a command line names; <c>-</c> is standard input.</summary>
internal static class InputFiles
{
    /// <summary>Text travels in the queue file; what is larger belongs into an attachment.</summary>
    public const int MaxTextSize = 10 * 1024 * 1024;

    /// <summary>More than any mail server takes.</summary>
    public const long MaxFileSize = 1024L * 1024 * 1024;

    /// <summary>A complete message is held in memory while it is read.</summary>
    public const int MaxMessageSize = 200 * 1024 * 1024;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Opens a file for reading.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="option">The option that named it, for errors.</param>
    /// <param name="limit">The most bytes that it may have.</param>
    /// <exception cref="CommandFailure">It cannot be read.</exception>
    public static FileStream Open(string path, string option, long limit = MaxFileSize)
    {
        try
        {
            if (Directory.Exists(path)) throw CommandFailure.Refused($"{option} {path}: this is a folder; name a file");
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (!stream.CanSeek || stream.Length <= limit) return stream;
            stream.Dispose();
            throw CommandFailure.Refused($"{option} {path}: larger than {limit / 1024 / 1024} MiB; no mail server takes that");
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            throw CommandFailure.Refused($"{option} {path}: there is no such file");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw CommandFailure.Refused($"{option} {path}: {unreadable.Message.TrimEnd('.')}");
        }
    }

    /// <summary>All of a file, or of standard input.</summary>
    public static async Task<byte[]> ReadAsync(string path, string option, long limit, Surroundings surroundings, CancellationToken cancellationToken)
    {
        if (path == "-" && surroundings.InputIsTerminal) surroundings.Error.Write("reading from standard input; end with Ctrl-D\n");
        await using var stream = path == "-" ? surroundings.OpenInput() : Open(path, option);
        using var content = new MemoryStream();
        var buffer = new byte[81920];
        try
        {
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
            {
                content.Write(buffer, 0, read);
                if (content.Length > limit) throw CommandFailure.Refused($"{option} {path}: larger than {limit / 1024 / 1024} MiB; give it with --attach");
            }
        }
        catch (IOException unreadable)
        {
            throw CommandFailure.Refused($"{option} {path}: {unreadable.Message.TrimEnd('.')}");
        }

        return content.ToArray();
    }

    /// <summary>The text of a file, or of standard input: UTF-8, with or without a byte order mark.</summary>
    public static async Task<string> ReadTextAsync(string path, string option, Surroundings surroundings, CancellationToken cancellationToken)
    {
        var bytes = await ReadAsync(path, option, MaxTextSize, surroundings, cancellationToken);
        var start = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
        try
        {
            return Strict.GetString(bytes.AsSpan(start));
        }
        catch (DecoderFallbackException)
        {
            throw CommandFailure.Refused($"{option} {path}: this is not text in UTF-8; convert it, or give it with --attach");
        }
    }
}
