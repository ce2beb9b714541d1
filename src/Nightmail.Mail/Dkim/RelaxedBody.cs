using System.Security.Cryptography;

namespace Nightmail.Mail.Dkim;

/// <summary>
/// Hashes the body of a message as DKIM's "relaxed" wants it (RFC 6376 3.4.4): blanks inside a line become one, those at its end go, and
/// so do empty lines at the end of all. The message comes whole, in pieces; its header is passed over.
/// </summary>
internal sealed class RelaxedBody : Stream
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly MemoryStream header = new();
    private readonly byte[] pending = new byte[4_096];
    private int pendingLength;
    private bool inBody;
    private bool lineHasText;
    private bool blank;
    private long emptyLines;

    /// <summary>The header section, without the empty line.</summary>
    public ReadOnlySpan<byte> Header => header.GetBuffer().AsSpan(0, (int)header.Length);

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>The hash of what was written, which ends a message.</summary>
    public byte[] Finish()
    {
        if (lineHasText || blank) EndLine();
        Flush();
        return hash.GetHashAndReset();
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        foreach (var octet in buffer)
        {
            if (inBody) Take(octet);
            else TakeHeader(octet);
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        Write(buffer.AsSpan(offset, count));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override void Flush()
    {
        hash.AppendData(pending, 0, pendingLength);
        pendingLength = 0;
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            hash.Dispose();
            header.Dispose();
        }

        base.Dispose(disposing);
    }

    private void TakeHeader(byte octet)
    {
        header.WriteByte(octet);
        // The line end before the empty line belongs to the last field.
        if (!Header.EndsWith("\r\n\r\n"u8) && !(header.Length == 2 && Header.SequenceEqual("\r\n"u8))) return;
        header.SetLength(header.Length - 2);
        inBody = true;
    }

    private void Take(byte octet)
    {
        switch (octet)
        {
            // A message that goes out holds no CR but before LF.
            case (byte)'\r':
                return;
            case (byte)'\n':
                EndLine();
                return;
            case (byte)' ' or (byte)'\t':
                blank = true;
                return;
        }

        for (; emptyLines > 0; emptyLines--) Add("\r\n"u8);
        if (blank) Add(" "u8);
        blank = false;
        lineHasText = true;
        Add([octet]);
    }

    private void EndLine()
    {
        if (lineHasText) Add("\r\n"u8);
        else emptyLines++;
        lineHasText = blank = false;
    }

    private void Add(ReadOnlySpan<byte> bytes)
    {
        if (pendingLength + bytes.Length > pending.Length) Flush();
        bytes.CopyTo(pending.AsSpan(pendingLength));
        pendingLength += bytes.Length;
    }
}
