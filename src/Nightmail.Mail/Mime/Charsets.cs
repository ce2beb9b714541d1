using System.Text;

namespace Nightmail.Mail.Mime;

/// <summary>The charsets that the base library can read, by their MIME names.</summary>
internal static class Charsets
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The charset of that name (a language after <c>*</c> is ignored, RFC 2231 section 5), or null.</summary>
    public static Encoding? Find(string name)
    {
        var star = name.IndexOf('*', StringComparison.Ordinal);
        if (star >= 0) name = name[..star];
        try
        {
            return CodePagesEncodingProvider.Instance.GetEncoding(name) ?? Encoding.GetEncoding(name);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Raw header bytes as text: UTF-8 (RFC 6532) where they are that, otherwise Latin-1, which reads anything.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return Encoding.Latin1.GetString(bytes);
        }
    }
}
