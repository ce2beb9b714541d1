using Nightmail.Core.Emails;

namespace Nightmail.Testing.Mime;

/// <summary>A message as a person could mean it, with the bytes of the files that travel with it.</summary>
/// <param name="Name">A few words, for the names of tests and files.</param>
/// <param name="Content">What is said, without a From; the attachments' references are those of <paramref name="Files"/>.</param>
/// <param name="Files">One an attachment, in order.</param>
public sealed record CorpusMessage(string Name, EmailContent Content, IReadOnlyList<CorpusFile> Files)
{
    /// <summary>Keeps the files where a test's blobs lie.</summary>
    public async Task KeepFilesAsync(Core.Storage.IBlobStore blobs, CancellationToken cancellationToken = default)
    {
        foreach (var file in Files) await blobs.AddAsync(new MemoryStream(file.Bytes, writable: false), cancellationToken);
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>A file by its name and bytes.</summary>
public sealed record CorpusFile(string Name, byte[] Bytes)
{
    /// <summary>The attachment that it becomes.</summary>
    public Attachment ToAttachment(string? contentId = null) => new(Name, MemoryBlobStore.RefOf(Bytes)) { ContentId = contentId };
}
