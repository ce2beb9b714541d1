using System.Text;
using System.Text.Unicode;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Mail.Mime;

/// <summary>Makes parts of attachments. Their bytes stay in the blob store; at most the first 64 kB are looked at here.</summary>
internal sealed class FileParts(IBlobStore blobs)
{
    /// <summary>How far into a text file its charset and an invitation's method are looked for.</summary>
    private const int LookAt = 64 * 1024;

    /// <summary>Longest name; what file systems allow.</summary>
    private const int MaxName = 255;

    /// <summary>The part of one attachment.</summary>
    /// <exception cref="MessageInvalidException">Its name or type cannot be sent.</exception>
    public async ValueTask<Part.File> OfAsync(Attachment attachment, string? contentId, CancellationToken cancellationToken)
    {
        var name = CheckedName(attachment.FileName);
        var type = attachment.ContentType is { } given ? CheckedType(given) : ContentTypes.FromFileName(name);
        var beginning = await BlobReading.BeginningAsync(blobs, attachment.Blob, LookAt, cancellationToken);
        if (type.StartsWith("message/", StringComparison.OrdinalIgnoreCase) || type.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase))
        {
            // RFC 2046 5.2.1: such a part must not be base64. A message that is fit to travel as it is does; any other goes as a plain file.
            if (type.Equals("message/rfc822", StringComparison.OrdinalIgnoreCase) && await IsPlainMessageAsync(attachment.Blob, beginning, cancellationToken))
                return new(name, [type], contentId, new LinesSegment(blobs, attachment.Blob, 0, attachment.Blob.Size), "7bit");
            type = ContentTypes.Unknown;
        }

        return new(name, [type, .. FromContent(type, beginning)], contentId, new Base64Segment(blobs, attachment.Blob), "base64");
    }

    /// <summary>The parameters that only the file knows: the charset of a text, the method of an invitation (RFC 5545 3.7.2).</summary>
    private static IEnumerable<string> FromContent(string type, byte[] beginning)
    {
        if (!type.StartsWith("text/", StringComparison.OrdinalIgnoreCase) || type.Contains(';', StringComparison.Ordinal)) yield break;
        if (IsUtf8(beginning)) yield return "charset=utf-8";
        if (!type.Equals("text/calendar", StringComparison.OrdinalIgnoreCase)) yield break;
        foreach (var line in Encoding.Latin1.GetString(beginning).Split('\n'))
        {
            var method = line.StartsWith("METHOD:", StringComparison.OrdinalIgnoreCase) ? line["METHOD:".Length..].Trim() : "";
            if (method.Length is 0 or > 32 || method.AsSpan().ContainsAnyExcept(Parameters.TokenCharacters)) continue;
            yield return $"method={method.ToUpperInvariant()}";
            yield break;
        }
    }

    /// <summary>A character may be cut by the end of what is looked at, so its last bytes do not count.</summary>
    private static bool IsUtf8(byte[] beginning)
    {
        var whole = beginning.AsSpan();
        for (var cut = 0; cut < 4 && cut <= whole.Length; cut++)
        {
            if (Utf8.IsValid(whole[..^cut])) return cut == 0 || beginning.Length == LookAt;
        }

        return false;
    }

    private async ValueTask<bool> IsPlainMessageAsync(BlobRef blob, byte[] beginning, CancellationToken cancellationToken)
    {
        if (beginning.Length == 0 || beginning[0] is not (> (byte)' ' and < 127)) return false;
        try
        {
            var (lines, is8Bit, longest) = await LinesSegment.CountAsync(blobs, blob, 0, cancellationToken);
            return !is8Bit && lines.Length == blob.Size && longest <= TextBody.MaxLine;
        }
        catch (MessageInvalidException)
        {
            // A NUL: encoded it can travel.
            return false;
        }
    }

    private static string CheckedName(string fileName)
    {
        var name = fileName[(fileName.LastIndexOf('/') + 1)..];
        if (name.Length is 0 or > MaxName || name.Any(char.IsControl)) throw new MessageInvalidException($"the name of an attachment has to be 1 to {MaxName} characters without line breaks and other controls");
        return name;
    }

    private static string CheckedType(string type)
    {
        var semicolon = type.IndexOf(';', StringComparison.Ordinal);
        var parts = (semicolon < 0 ? type : type[..semicolon]).Trim().Split('/');
        var wellFormed = type.Length <= 200 && !type.AsSpan().ContainsAnyExceptInRange(' ', '~') && parts.Length == 2
            && parts.All(part => part.Length > 0 && !part.AsSpan().ContainsAnyExcept(Parameters.TokenCharacters));
        return wellFormed ? type.Trim() : throw new MessageInvalidException("the type of an attachment has to look like 'application/pdf', in ASCII");
    }
}
