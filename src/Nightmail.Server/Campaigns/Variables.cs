using System.Text.Json.Nodes;

namespace Nightmail.Server.Campaigns;

/// <summary>The variables of one recipient.</summary>
internal static class Variables
{
    /// <summary>Those of the names that a recipient's variables lack, or have empty.</summary>
    public static IReadOnlyList<string> Missing(IReadOnlyList<string> names, string? variables)
    {
        var known = variables is null ? null : JsonNode.Parse(variables) as JsonObject;
        return [.. names.Where(name => known?[name] is not { } value || (value is JsonValue text && text.TryGetValue<string>(out var words) && words.Length == 0))];
    }

    /// <summary>The variables with the recipient's own address and name, where they are not among them.</summary>
    public static string WithRecipient(WordedRecipient recipient)
    {
        var all = recipient.Variables is null ? [] : JsonNode.Parse(recipient.Variables) as JsonObject ?? [];
        all.TryAdd("email", recipient.Mailbox.Address);
        if (recipient.Mailbox.DisplayName.Length > 0) all.TryAdd("name", recipient.Mailbox.DisplayName);
        return all.ToJsonString();
    }
}
