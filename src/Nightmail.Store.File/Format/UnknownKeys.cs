using System.Text.Json;

namespace Nightmail.Store.File.Format;

/// <summary>Carries keys that this program does not know from the old bytes of an object to the new.</summary>
internal static class UnknownKeys
{
    /// <summary>Writes every property of <paramref name="previous"/> whose name is in neither list.</summary>
    /// <param name="writer">Stands in the new object.</param>
    /// <param name="previous">The old one.</param>
    /// <param name="known">The names that are written otherwise.</param>
    /// <param name="alsoKnown">More of them.</param>
    /// <param name="odd">Takes the names that are no text; without it there must be none.</param>
    public static void Copy(Utf8JsonWriter writer, JsonElement previous, string[] known, string[]? alsoKnown = null, OddNames? odd = null)
    {
        if (previous.ValueKind != JsonValueKind.Object) return;
        foreach (var property in previous.EnumerateObject())
        {
            var name = odd?.Of(property) ?? property.Name;
            if (known.Contains(name) || (alsoKnown?.Contains(name) ?? false)) continue;
            writer.WritePropertyName(name);
            CopyValue(writer, property.Value);
        }
    }

    /// <summary>Writes a value anew, indented like its surroundings; numbers and strings keep their very bytes.</summary>
    public static void CopyValue(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object when HasNames(value):
                writer.WriteStartObject();
                Copy(writer, value, []);
                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var element in value.EnumerateArray()) CopyValue(writer, element);
                writer.WriteEndArray();
                break;
            default:
                writer.WriteRawValue(StrictJson.WithoutTrailingCommas(System.Text.Encoding.UTF8.GetBytes(value.GetRawText())), skipInputValidation: true);
                break;
        }
    }

    /// <summary>False where the name of a key holds half a character: no writer takes it, so the object keeps its very bytes.</summary>
    private static bool HasNames(JsonElement value) => value.EnumerateObject().All(property => OddNames.Text(property) is not null);

    /// <summary>True for a list of attachments that another program wrote, in a form of its own.</summary>
    public static bool IsForeignFileList(JsonElement list)
    {
        var reader = new Utf8JsonReader(System.Text.Encoding.UTF8.GetBytes(list.GetRawText()));
        reader.Read();
        var unknown = false;
        return list.ValueKind is not JsonValueKind.Null && EmailParts.Attachments(ref reader, ref unknown).Count == 0 && unknown;
    }

    /// <summary>The property of that name, or nothing.</summary>
    public static JsonElement Of(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) ? value : default;

    /// <summary>The object in the list whose property <paramref name="name"/> is <paramref name="value"/>, or nothing.</summary>
    public static JsonElement Of(JsonElement list, string name, string value)
    {
        if (list.ValueKind != JsonValueKind.Array) return default;
        foreach (var element in list.EnumerateArray())
        {
            if (Of(element, name) is { ValueKind: JsonValueKind.String } found && found.ValueEquals(value)) return element;
        }

        return default;
    }
}
