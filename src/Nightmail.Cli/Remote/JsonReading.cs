using System.Globalization;
using System.Text.Json;

namespace Nightmail.Cli.Remote;

/// <summary>Reads what a server answers. What is missing or of another kind is nothing: a newer or older server may word it otherwise.</summary>
internal static class JsonReading
{
    /// <summary>A value below this one; undefined when it is not there.</summary>
    public static JsonElement Below(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : default;

    /// <summary>A text, or null.</summary>
    public static string? TextOf(this JsonElement element, string name) => element.Below(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    /// <summary>A whole number, or 0.</summary>
    public static long NumberOf(this JsonElement element, string name) => element.Below(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number) ? number : 0;

    /// <summary>A whole number, or null.</summary>
    public static int? MaybeNumberOf(this JsonElement element, string name) => element.Below(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number) ? number : null;

    /// <summary>True where it says so.</summary>
    public static bool FlagOf(this JsonElement element, string name) => element.Below(name).ValueKind == JsonValueKind.True;

    /// <summary>An instant, or null.</summary>
    public static DateTimeOffset? TimeOf(this JsonElement element, string name) =>
        element.TextOf(name) is { } text && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant) ? instant.ToUniversalTime() : null;

    /// <summary>The values of a list; none where it is not there.</summary>
    public static IEnumerable<JsonElement> ItemsOf(this JsonElement element, string name) => element.Below(name).Items();

    /// <summary>The values of this list.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement element) => element.ValueKind == JsonValueKind.Array ? element.EnumerateArray() : Enumerable.Empty<JsonElement>();

    /// <summary>The texts of a list.</summary>
    public static IReadOnlyList<string> TextsOf(this JsonElement element, string name) => [.. element.ItemsOf(name).Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)];
}
