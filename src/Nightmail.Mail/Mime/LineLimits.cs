using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Mail.Mime;

/// <summary>Whether a file can travel without being encoded.</summary>
internal static class LineLimits
{
    /// <summary>True when no line is longer than 998 octets and no NUL occurs.</summary>
    public static async ValueTask<bool> AreKeptAsync(IBlobStore blobs, BlobRef blob, CancellationToken cancellationToken)
    {
        await using var content = blobs.Open(blob);
        var buffer = new byte[16 * 1024];
        var column = 0;
        int read;
        while ((read = await content.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (!Take(buffer.AsSpan(0, read), ref column)) return false;
        }

        return true;
    }

    private static bool Take(ReadOnlySpan<byte> bytes, ref int column)
    {
        if (bytes.Contains((byte)0)) return false;
        for (int end; (end = bytes.IndexOf((byte)'\n')) >= 0; bytes = bytes[(end + 1)..])
        {
            if (column + end > TextBody.MaxLine + 1) return false;
            column = 0;
        }

        column += bytes.Length;
        return column <= TextBody.MaxLine;
    }
}
