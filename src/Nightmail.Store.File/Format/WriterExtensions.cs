using System.Text.Json;

namespace Nightmail.Store.File.Format;

/// <summary>Writes a key only when it has a value.</summary>
internal static class WriterExtensions
{
    /// <summary>The text, unless it is null.</summary>
    public static void Text(this Utf8JsonWriter writer, string name, string? text)
    {
        if (text is not null) writer.WriteString(name, text);
    }

    /// <summary>The instant as Unix seconds, with milliseconds as a decimal fraction where there are any, unless it is null.</summary>
    public static void Time(this Utf8JsonWriter writer, string name, DateTimeOffset? instant)
    {
        if (instant is not { } time) return;
        var milliseconds = time.ToUnixTimeMilliseconds();
        if (milliseconds % 1000 == 0) writer.WriteNumber(name, milliseconds / 1000);
        else writer.WriteNumber(name, milliseconds / 1000m);
    }
}
