using System.Globalization;
using System.Text.Json;

namespace Nightmail.Store.File.Format;

/// <summary>Reads single values as other programs wrote them. Each leaves the reader on the value's last token.</summary>
internal static class Lenient
{
    /// <summary>The largest number that every program with numbers in JSON can hold exactly; sequences end there, and nobody comes near it.</summary>
    public const long MaxSequence = 1L << 53;

    private const int MaxCount = 1_000_000_000;

    /// <summary>A string, or a number or truth value as one; null for null.</summary>
    public static string? Text(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.String => reader.GetString(),
        JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False => System.Text.Encoding.UTF8.GetString(reader.ValueSpan),
        _ => throw new FormatException("a text is a list or an object"),
    };

    /// <summary>A whole number, or a string that is one; null for null.</summary>
    public static long? Whole(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.Number when reader.TryGetInt64(out var number):
                return number;
            case JsonTokenType.Number when reader.TryGetDouble(out var real) && Math.Abs(real) < 1e15:
                return (long)real;
            case JsonTokenType.String when double.TryParse(reader.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed) && Math.Abs(parsed) < 1e15:
                return (long)parsed;
            default:
                throw new FormatException("a number is none");
        }
    }

    /// <summary>A count that fits an <see cref="int"/>.</summary>
    /// <exception cref="FormatException">It is more than anything here was ever counted: to go on counting from it would go wrong.</exception>
    public static int Count(ref Utf8JsonReader reader) => Whole(ref reader) is not > MaxCount and var count ? (int)Math.Max(0, count ?? 0) : throw new FormatException("a count is larger than can be");

    /// <summary>Mailboxes: an array of them, or one string; none for null.</summary>
    public static IReadOnlyList<string> Mailboxes(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray) return Text(ref reader) is { } text ? MailboxLists.Split(text) : [];
        var list = new List<string>();
        while (Advance(ref reader) && reader.TokenType != JsonTokenType.EndArray)
        {
            if (Text(ref reader) is { } mailbox) list.Add(mailbox);
        }

        return list;
    }

    /// <summary>True when the reader stands at an object whose properties are to be read; false for null and for Lua's empty table.</summary>
    public static bool EntersObject(ref Utf8JsonReader reader, string what)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return true;
            case JsonTokenType.Null:
                return false;
            case JsonTokenType.StartArray:
                Advance(ref reader);
                if (reader.TokenType == JsonTokenType.EndArray) return false;
                goto default;
            default:
                throw new FormatException($"{what} is not an object");
        }
    }

    /// <summary>The next property's place among <paramref name="known"/>, the reader then at its value; -1 for an unknown one; null at the end of the object.</summary>
    public static int? NextProperty(ref Utf8JsonReader reader, string[] known)
    {
        Advance(ref reader);
        if (reader.TokenType == JsonTokenType.EndObject) return null;
        var found = -1;
        for (var index = 0; index < known.Length && found < 0; index++)
        {
            if (Is(ref reader, known[index])) found = index;
        }

        Advance(ref reader);
        return found;
    }

    /// <summary>True for a property of that name. Half a character, in an escape, cannot be compared with anything.</summary>
    private static bool Is(ref Utf8JsonReader reader, string name)
    {
        try
        {
            return reader.ValueTextEquals(name);
        }
        catch (InvalidOperationException) when (reader.ValueIsEscaped)
        {
            return false;
        }
    }

    private static bool Advance(ref Utf8JsonReader reader) => reader.Read() ? true : throw new FormatException("it ends too early");
}
