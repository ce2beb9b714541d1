using System.Text;

namespace Nightmail.Cli;

/// <summary>The standard streams of the process as UTF-8 text, opened when they are first used: most commands need only one of them, and the console's own writers cost more than a small command does.</summary>
internal sealed class StandardStreams : IDisposable
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Enough for a list of several hundred emails in one write.</summary>
    private const int BufferSize = 64 * 1024;

    private StreamWriter? output;
    private StreamWriter? error;

    /// <summary>Standard output; written at once, so that it and standard error are in order in a terminal.</summary>
    public TextWriter Output => output ??= new(Console.OpenStandardOutput(), Utf8, BufferSize) { AutoFlush = true };

    /// <summary>Standard error; written at once.</summary>
    public TextWriter Error => error ??= new(Console.OpenStandardError(), Utf8) { AutoFlush = true };

    /// <inheritdoc/>
    public void Dispose()
    {
        output?.Dispose();
        error?.Dispose();
    }
}
