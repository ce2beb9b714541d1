using System.Text.Json;
using Nightmail.Core.Emails;
using Nightmail.Server.Api;

namespace Nightmail.Server.Campaigns;

/// <summary>One recipient as worded in a request.</summary>
/// <param name="Mailbox">The address, with a name where there is one.</param>
/// <param name="Variables">A JSON object; null: none.</param>
internal sealed record WordedRecipient(Mailbox Mailbox, string? Variables);

/// <summary>Reads recipients as JSON: an address, or <c>{email, name?, variables?}</c>.</summary>
internal static class RecipientReader
{
    /// <summary>A recipient's variables in characters of JSON: a million recipients are two gigabytes at the most.</summary>
    public const int MaxVariables = 16_384;

    /// <summary>Reads one.</summary>
    /// <param name="field">Its place in the request: <c>recipients[3]</c>.</param>
    /// <param name="element">What is there.</param>
    /// <exception cref="ApiProblem">422, naming the field.</exception>
    public static WordedRecipient Read(string field, JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.String) return new(Address(field, element.GetString()!, null), null);
        if (element.ValueKind != JsonValueKind.Object) throw ApiProblem.Invalid(field, "a recipient is an address or {email, name?, variables?}");
        string? email = null, name = null, variables = null;
        foreach (var member in element.EnumerateObject())
        {
            switch (member.Name)
            {
                case "email": email = Text($"{field}.email", member.Value); break;
                case "name": name = member.Value.ValueKind == JsonValueKind.Null ? null : Text($"{field}.name", member.Value); break;
                case "variables": variables = Variables($"{field}.variables", member.Value); break;
                default: throw ApiProblem.Malformed($"there is no field '{Printable.OneLine(member.Name)}' here", $"{field}.{Printable.OneLine(member.Name)}");
            }
        }

        return new(Address($"{field}.email", email ?? throw ApiProblem.Invalid($"{field}.email", "it is missing"), name), variables);
    }

    /// <summary>An address, under a name where one is given.</summary>
    public static Mailbox Address(string field, string text, string? name)
    {
        if (!Mailbox.TryParse(text, out var mailbox, out var error)) throw ApiProblem.Invalid(field, $"'{Printable.OneLine(text)}' is no address: {error}");
        if (name is null) return mailbox;
        if (name.Any(char.IsControl) || name.Length > 255) throw ApiProblem.Invalid(field, "the name holds a line break or another control character, or is longer than 255 characters");
        return string.IsNullOrWhiteSpace(name) ? mailbox : mailbox with { DisplayName = name.Trim() };
    }

    private static string? Variables(string field, JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Null) return null;
        if (element.ValueKind != JsonValueKind.Object) throw ApiProblem.Invalid(field, "variables are an object: {\"name\": \"Ada\"}");
        var text = element.GetRawText();
        return text.Length <= MaxVariables ? text : throw ApiProblem.Invalid(field, $"they have {text.Length} characters, the most is {MaxVariables}");
    }

    private static string Text(string field, JsonElement element) =>
        element.ValueKind == JsonValueKind.String ? element.GetString()! : throw ApiProblem.Invalid(field, "it must be text");
}
