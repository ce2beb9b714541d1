using System.Security.Cryptography;
using System.Text;
using Nightmail.Core.Emails;

namespace Nightmail.Store.File.Exchange;

/// <summary>Reads the lines of an export in their order, and finds whatever is missing, doubled, cut off or changed.</summary>
internal sealed class ExportReader(Stream input) : IDisposable
{
    private readonly LineSource lines = new(input);
    // Sixteen bytes of a hash instead of the id: a million of them must fit.
    private readonly Dictionary<UInt128, long> lineOf = [];
    private (BlobRef Blob, int Next, long Received)? open;
    private bool started, ended;
    private long emails, blobs;

    /// <summary>The number of the line that was read last.</summary>
    public long Number => lines.Number;

    /// <summary>The next email, or the first part of the next bytes; null when all was read and is whole.</summary>
    /// <exception cref="ImportException">Something is wrong.</exception>
    public async ValueTask<ExportLine?> NextAsync(CancellationToken cancellationToken)
    {
        while (await lines.NextAsync(cancellationToken) is { } line)
        {
            if (ended && line.Span.Trim(" \r"u8).IsEmpty) continue;
            if (ended) throw At("there is something behind the last line of the export; two files may have been put together: import them one by one");
            var read = ExportLineReader.Read(line.Span, Number);
            if (!started && read is not ExportLine.Head) throw At($"this is no export of nightmail: its first line has {{\"{ExportFormat.HeadName}\":…}}");
            if (open is not null && read is not ExportLine.Part) throw At($"the bytes {open.Value.Blob.Sha256} end too early");
            switch (read)
            {
                case ExportLine.Head when started:
                    throw At("a second export begins here: import them one by one");
                case ExportLine.Head:
                    started = true;
                    break;
                case ExportLine.Part part:
                    Take(part);
                    return part;
                case ExportLine.Email email:
                    Take(email.Imported.Email.Id);
                    return email;
                case ExportLine.End end:
                    Compare(end);
                    ended = true;
                    break;
            }
        }

        if (!started) throw ImportException.At(1, 1, "the file is empty; an export of nightmail has at least two lines");
        return ended ? null : throw ImportException.At(Number + 1, 1, "the file is cut off: its last line is missing; export it again");
    }

    /// <inheritdoc/>
    public void Dispose() => lines.Dispose();

    /// <summary>What is wrong with the line that was read last.</summary>
    public ImportException At(string what) => ImportException.At(Number, 1, what);

    private void Take(ExportLine.Part part)
    {
        var (blob, next, received) = open ?? (part.Blob, 0, 0L);
        if (part.Blob != blob) throw At($"the bytes {blob.Sha256} end too early");
        if (part.Number != next) throw At($"part {next} of the bytes {blob.Sha256} is missing");
        received += part.Bytes.Length;
        if (received > blob.Size || (part.Bytes.Length == 0 && blob.Size > 0)) throw At($"the bytes {blob.Sha256} are not the {blob.Size} that they should be");
        open = received < blob.Size ? (blob, next + 1, received) : null;
        if (open is null) blobs++;
    }

    private void Take(EmailId id)
    {
        emails++;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(id.ToString()), hash);
        var short16 = System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(hash);
        if (!lineOf.TryAdd(short16, Number)) throw At($"the email {id} stands in line {lineOf[short16]} already");
    }

    private void Compare(ExportLine.End end)
    {
        if (end.Emails != emails) throw At($"there are {emails} emails, and there should be {end.Emails}: lines were lost or added; export it again");
        if (end.Blobs != blobs) throw At($"there are {blobs} attachments, and there should be {end.Blobs}: lines were lost or added; export it again");
        if (end.Sha256 != lines.HashBefore) throw At("the checksum does not hold: the file was changed or damaged since it was exported; export it again");
    }
}
