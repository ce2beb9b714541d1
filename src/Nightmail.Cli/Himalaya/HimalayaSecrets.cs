using System.Text.Json;

namespace Nightmail.Cli.Himalaya;

/// <summary>Where himalaya takes a secret from: <c>.raw</c>, <c>.cmd</c> or <c>.command</c>, <c>.keyring</c>.</summary>
internal static class HimalayaSecrets
{
    /// <summary>How a secret is written into our configuration; null: there is none, or it is of a kind that is not known.</summary>
    /// <param name="table">The table that holds it.</param>
    /// <param name="key">Our name for it, <c>password</c>: it becomes <c>password</c> or <c>passwordCommand</c>.</param>
    /// <param name="notes">Takes what the person should know.</param>
    public static Action<Utf8JsonWriter>? Read(TomlValue.Table? table, string key, List<string> notes)
    {
        if (table is null) return null;
        if (table.TextOf("raw") is { } raw)
        {
            notes.Add($"its {Words(key)} stands readable in the configuration, as it did before; {key}Command would hide it");
            return json => json.WriteString(key, raw);
        }

        if ((table.Find("cmd") ?? table.Find("command")) is { } command && CommandOf(command) is { } line) return json => json.WriteString($"{key}Command", line);
        if (table.TextOf("keyring") is not { } entry) return null;
        notes.Add($"its {Words(key)} lies in the system's keyring; it is read by secret-tool (Debian: libsecret-tools), so try it");
        return json => json.WriteString($"{key}Command", $"secret-tool lookup service himalaya-cli username {Quoted(entry)}");
    }

    /// <summary>A command as one line for a shell; himalaya gives it as one or as a list of words.</summary>
    public static string? CommandOf(TomlValue? command) => command switch
    {
        TomlValue.Text text => text.Value,
        TomlValue.List { Items: { Count: > 0 } items } when items.All(item => item is TomlValue.Text) => string.Join(' ', items.Select(item => Quoted(((TomlValue.Text)item).Value))),
        _ => null,
    };

    private static string Quoted(string word) =>
        word.Length > 0 && word.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_./=:@%+,".Contains(letter, StringComparison.Ordinal)) ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static string Words(string key) => key switch { "password" => "password", "token" => "access token", "refreshToken" => "refresh token", _ => "client secret" };
}
