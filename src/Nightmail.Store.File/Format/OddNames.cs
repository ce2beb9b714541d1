using System.Text;
using System.Text.Json;

namespace Nightmail.Store.File.Format;

/// <summary>
/// The names of keys that are no text, because they hold half a character. Nobody but another program uses them, no writer takes them, and yet they
/// are kept: while an object is written they go by another name.
/// </summary>
internal sealed class OddNames
{
    private readonly List<byte[]> names = [];

    /// <summary>The key's name, or the one that it goes by.</summary>
    public string Of(JsonProperty property)
    {
        if (Text(property) is { } text) return text;
        // "name":value; the name has a backslash in it, and behind that no bare quote.
        var raw = Encoding.UTF8.GetBytes(property.ToString()).AsSpan();
        var end = 1;
        while (raw[end] != (byte)'"') end += raw[end] == (byte)'\\' ? 2 : 1;
        names.Add(raw[..(end + 1)].ToArray());
        return StandIn(names.Count - 1);
    }

    /// <summary>The key's name; null when it is no text.</summary>
    public static string? Text(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>What was written, with the names as they are.</summary>
    public byte[] PutBack(ReadOnlySpan<byte> written)
    {
        var bytes = written.ToArray();
        for (var index = 0; index < names.Count; index++)
        {
            var standIn = Encoding.UTF8.GetBytes($"\"{StandIn(index)}\"");
            var at = bytes.AsSpan().IndexOf(standIn);
            if (at >= 0) bytes = [.. bytes.AsSpan(0, at), .. names[index], .. bytes.AsSpan(at + standIn.Length)];
        }

        return bytes;
    }

    private static string StandIn(int index) => $"name-{index}-that-is-no-text-7f3a9c52";
}
