using System.Runtime.InteropServices;

namespace Nightmail.Cli;

/// <summary>Why standard output takes nothing more.</summary>
/// <param name="ReaderGone">True when whoever read it has closed its end: that is no error of anybody's.</param>
/// <param name="Words">The system's words.</param>
public sealed record OutputFailure(bool ReaderGone, string Words);

/// <summary>
/// A standard stream of the process for writing. Never throws: what goes wrong is kept for whoever asks, and nothing more is written. A
/// command must not stop halfway because nobody can be told of it. The console's own stream would swallow a closed pipe without a word.
/// </summary>
internal sealed partial class StandardOutput : Stream
{
    private const int Interrupted = 4, BadDescriptor = 9, WouldBlock = 11, BrokenPipe = 32;
    private const int GetDescriptorFlags = 1, CloseOnExec = 1;
    private const short ReadyToWrite = 4;
    private readonly int descriptor;

    /// <summary>The stream of that number: 1 or 2.</summary>
    public StandardOutput(int descriptor)
    {
        this.descriptor = descriptor;
        if (!IsGiven(descriptor)) Failure = new(ReaderGone: false, Marshal.GetPInvokeErrorMessage(BadDescriptor));
    }

    /// <summary>The first thing that went wrong; null: nothing.</summary>
    public OutputFailure? Failure { get; private set; }

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override void Flush()
    {
        // Nothing is held back.
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override unsafe void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0 && Failure is null)
        {
            nint written;
            fixed (byte* start = buffer) written = WriteCall(descriptor, start, (nuint)buffer.Length);
            if (written >= 0)
            {
                buffer = buffer[(int)written..];
                continue;
            }

            var error = Marshal.GetLastPInvokeError();
            if (error == WouldBlock) WaitUntilReady();
            else if (error != Interrupted) Failure = new(error == BrokenPipe, Marshal.GetPInvokeErrorMessage(error));
        }
    }

    // Where a standard stream was closed at the start, the runtime's own files have got its number. They are closed on exec, and what a
    // process is started with never is.
    private static bool IsGiven(int descriptor) => FcntlCall(descriptor, GetDescriptorFlags) is >= 0 and var flags && (flags & CloseOnExec) == 0;

    private void WaitUntilReady()
    {
        var wait = new PollWait { Descriptor = descriptor, Wanted = ReadyToWrite };
        _ = PollCall(ref wait, 1, -1);
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static unsafe partial nint WriteCall(int descriptor, byte* bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FcntlCall(int descriptor, int command);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int PollCall(ref PollWait waits, nuint count, int milliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollWait
    {
        public int Descriptor;
        public short Wanted;
        public short Happened;
    }
}
