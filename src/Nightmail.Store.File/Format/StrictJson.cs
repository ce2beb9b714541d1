using System.Buffers;

namespace Nightmail.Store.File.Format;

/// <summary>What is read leniently is not written on as it was: others who read the file may not take a comma before a closing brace.</summary>
internal static class StrictJson
{
    private static readonly SearchValues<byte> Closing = SearchValues.Create("}]"u8);

    /// <summary>True where a comma stands before a closing brace or bracket; in a text it may stand there too.</summary>
    public static bool MayHaveTrailingComma(ReadOnlySpan<byte> json)
    {
        for (var rest = json; rest.IndexOfAny(Closing) is >= 0 and var at; rest = rest[(at + 1)..])
        {
            var before = rest[..at].TrimEnd(" \r\n\t"u8);
            if (before.Length > 0 && before[^1] == (byte)',') return true;
        }

        return false;
    }

    /// <summary>The same value, which could be read, without commas before closing braces and brackets.</summary>
    public static byte[] WithoutTrailingCommas(ReadOnlySpan<byte> json)
    {
        if (!MayHaveTrailingComma(json)) return json.ToArray();
        var strict = new List<byte>(json.Length);
        var (comma, isText) = (-1, false);
        for (var at = 0; at < json.Length; at++)
        {
            var each = json[at];
            if (!isText && comma >= 0 && each is (byte)'}' or (byte)']') strict.RemoveAt(comma);
            if (!isText && each is not ((byte)' ' or (byte)'\r' or (byte)'\n' or (byte)'\t')) comma = each == (byte)',' ? strict.Count : -1;
            if (each == (byte)'"') isText = !isText;
            strict.Add(each);
            if (isText && each == (byte)'\\' && at + 1 < json.Length) strict.Add(json[++at]);
        }

        return [.. strict];
    }
}
