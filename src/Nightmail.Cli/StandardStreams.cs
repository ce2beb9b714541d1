using System.Text;

namespace Nightmail.Cli;

/// <summary>The standard streams of the process as UTF-8 text, opened when they are first used: most commands need only one of them, and the console's own writers cost more than a small command does.</summary>
internal sealed class StandardStreams : IDisposable
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Enough for a list of several hundred emails in one write.</summary>
    private const int BufferSize = 64 * 1024;

    private StandardOutput? outputBytes;
    private StreamWriter? output;
    private StreamWriter? error;

    /// <summary>Standard output; written at once, so that it and standard error are in order in a terminal.</summary>
    public TextWriter Output => output ??= new(OutputBytes, Utf8, BufferSize) { AutoFlush = true };

    /// <summary>Standard output for bytes.</summary>
    public Stream OutputBytes => outputBytes ??= new(1);

    /// <summary>Standard error; written at once.</summary>
    public TextWriter Error => error ??= new(new StandardOutput(2), Utf8) { AutoFlush = true };

    /// <summary>Why standard output takes nothing more; null where it does or was never used.</summary>
    public OutputFailure? OutputFailure => outputBytes?.Failure;

    /// <inheritdoc/>
    public void Dispose()
    {
        output?.Dispose();
        error?.Dispose();
    }
}
