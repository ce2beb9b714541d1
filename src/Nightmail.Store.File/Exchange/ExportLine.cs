using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Store.File.Exchange;

/// <summary>One line of an export, understood.</summary>
internal abstract record ExportLine
{
    private ExportLine()
    {
    }

    /// <summary>The first.</summary>
    public sealed record Head : ExportLine;

    /// <summary>A part of the bytes of an attachment or a complete message.</summary>
    public sealed record Part(BlobRef Blob, int Number, byte[] Bytes) : ExportLine;

    /// <summary>An email.</summary>
    public sealed record Email(ImportedEmail Imported) : ExportLine;

    /// <summary>The last.</summary>
    public sealed record End(long Emails, long Blobs, string Sha256) : ExportLine;
}
