using System.Text.Json;

namespace Nightmail.Server.Templates;

/// <summary>A recipient's variables as the template engine takes them: dictionaries, lists, texts. Nothing in them can be called.</summary>
internal static class TemplateData
{
    /// <summary>The values of a JSON object; null: none.</summary>
    public static Dictionary<string, object?> Of(string? variables)
    {
        if (variables is null) return [];
        using var document = JsonDocument.Parse(variables);
        return Of(document.RootElement);
    }

    private static Dictionary<string, object?> Of(JsonElement element) =>
        element.EnumerateObject().ToDictionary(member => member.Name, member => Value(member.Value), StringComparer.Ordinal);

    private static object? Value(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => Of(element),
        JsonValueKind.Array => element.EnumerateArray().Select(Value).ToList(),
        JsonValueKind.String => element.GetString(),
        // A number as it was written: 1.50 stays 1.50.
        JsonValueKind.Number => element.GetRawText(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };
}
