using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Store.File.Exchange;

/// <summary>Writes emails and what they refer to as JSON lines (<see cref="ExportFormat"/>).</summary>
public sealed class ExportWriter : IDisposable
{
    private readonly Stream output;
    private readonly IBlobStore blobs;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly ArrayBufferWriter<byte> line = new(16 * 1024);
    private readonly HashSet<string> written = [];
    private readonly List<string> missing = [];
    private int blobCount;

    private ExportWriter(Stream output, IBlobStore blobs) => (this.output, this.blobs) = (output, blobs);

    /// <summary>Writes a whole export. No more than one line of it is in memory at a time.</summary>
    /// <param name="emails">The emails, in the order in which they are to stand; they are asked for one by one.</param>
    /// <param name="blobs">Where the bytes lie that they refer to.</param>
    /// <param name="output">Gets the lines.</param>
    /// <param name="now">For the first line.</param>
    /// <param name="cancellationToken">Stops between two lines; what was written by then is no whole export, and says so.</param>
    public static async Task<ExportReport> WriteAsync(IAsyncEnumerable<ImportedEmail> emails, IBlobStore blobs, Stream output, DateTimeOffset now, CancellationToken cancellationToken)
    {
        using var writer = new ExportWriter(output, blobs);
        await writer.WriteHeadAsync(now, cancellationToken);
        var (count, waiting) = (0, 0);
        await foreach (var email in emails.WithCancellation(cancellationToken))
        {
            await writer.WriteAsync(email, cancellationToken);
            count++;
            if (!email.Email.Status.IsFinal()) waiting++;
        }

        return await writer.EndAsync(count, waiting, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => hash.Dispose();

    private ValueTask WriteHeadAsync(DateTimeOffset now, CancellationToken cancellationToken) => WriteLineAsync(json =>
    {
        json.WriteStartObject();
        json.WriteString(ExportFormat.Head[0], ExportFormat.Version);
        json.WriteString(ExportFormat.Head[1], now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"));
        json.WriteEndObject();
    }, cancellationToken);

    private async Task WriteAsync(ImportedEmail each, CancellationToken cancellationToken)
    {
        foreach (var blob in each.Email.Content.Blobs) await WriteAsync(blob, each.Email, cancellationToken);
        await WriteLineAsync(json => QueueFileForm.Instance.Write(json, each), cancellationToken);
    }

    private async Task WriteAsync(BlobRef blob, ScheduledEmail email, CancellationToken cancellationToken)
    {
        if (!written.Add(blob.Sha256)) return;
        Stream bytes;
        try
        {
            bytes = blobs.Open(blob);
        }
        catch (StoreException lost)
        {
            missing.Add($"{email.Id}: {lost.Message}");
            return;
        }

        await using (bytes) await WriteAsync(blob, bytes, cancellationToken);
        blobCount++;
    }

    private async Task WriteAsync(BlobRef blob, Stream bytes, CancellationToken cancellationToken)
    {
        var buffer = new byte[ExportFormat.PartBytes];
        var (part, left) = (0, blob.Size);
        do
        {
            var wanted = (int)Math.Min(left, buffer.Length);
            var read = await ReadAsync(blob, bytes, buffer.AsMemory(0, wanted), cancellationToken);
            var number = part++;
            await WriteLineAsync(json =>
            {
                json.WriteStartObject();
                json.WriteString(ExportFormat.Blob[0], blob.Sha256);
                json.WriteNumber(ExportFormat.Blob[1], blob.Size);
                json.WriteNumber(ExportFormat.Blob[2], number);
                json.WriteBase64String(ExportFormat.Blob[3], buffer.AsSpan(0, read));
                json.WriteEndObject();
            }, cancellationToken);
            left -= read;
        }
        while (left > 0);
    }

    // They were whole when they were opened. Parts of them are written by now, so that nothing but an end helps: without its last line no import takes it.
    private static async Task<int> ReadAsync(BlobRef blob, Stream bytes, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            var read = await bytes.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
            return read == buffer.Length ? read : throw new EndOfStreamException("the file has become shorter");
        }
        catch (Exception failed) when (failed is IOException or StoreException)
        {
            throw new StoreException(StoreTrouble.Unreadable, $"the attachment {blob.Sha256} cannot be read any more: {failed.Message.TrimEnd('.')}; the export is not whole and no import takes it: try again", failed);
        }
    }

    private async Task<ExportReport> EndAsync(int emails, int waiting, CancellationToken cancellationToken)
    {
        var sum = Convert.ToHexStringLower(hash.GetCurrentHash());
        await WriteLineAsync(json =>
        {
            json.WriteStartObject();
            json.WriteBoolean(ExportFormat.End[0], true);
            json.WriteNumber(ExportFormat.End[1], emails);
            json.WriteNumber(ExportFormat.End[2], blobCount);
            json.WriteString(ExportFormat.End[3], sum);
            json.WriteEndObject();
        }, cancellationToken);
        await output.FlushAsync(cancellationToken);
        return new(emails, waiting, blobCount, sum) { Missing = missing };
    }

    private async ValueTask WriteLineAsync(Action<Utf8JsonWriter> write, CancellationToken cancellationToken)
    {
        line.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(line, ExportFormat.Options)) write(json);
        line.Write("\n"u8);
        hash.AppendData(line.WrittenSpan);
        await output.WriteAsync(line.WrittenMemory, cancellationToken);
    }
}
