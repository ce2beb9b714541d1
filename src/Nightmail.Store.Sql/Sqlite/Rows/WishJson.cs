using System.Text.Json;
using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite.Connections;

namespace Nightmail.Store.Sql.Sqlite.Rows;

/// <summary>A wish as a JSON array: local time, zone, rules, what it gave.</summary>
internal static class WishJson
{
    /// <summary>Writes it.</summary>
    public static void Write(Utf8JsonWriter json, Wish wish)
    {
        json.WriteStartArray();
        json.WriteStringValue(wish.Local);
        json.WriteStringValue(wish.TimeZone);
        json.WriteStringValue(wish.RulesVersion);
        if (wish.Gave is { } gave) json.WriteNumberValue(Instants.ToTicks(gave));
        else json.WriteNullValue();
        json.WriteEndArray();
    }

    /// <summary>Reads what stands alone; null for nothing.</summary>
    public static Wish? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return null;
        var json = new Utf8JsonReader(bytes);
        json.Read();
        return Read(ref json);
    }

    /// <summary>Reads it from where its array begins.</summary>
    public static Wish Read(ref Utf8JsonReader json)
    {
        json.Read();
        var local = json.GetString()!;
        json.Read();
        var zone = json.GetString()!;
        json.Read();
        var rules = json.GetString()!;
        json.Read();
        DateTimeOffset? gave = json.TokenType == JsonTokenType.Null ? null : Instants.FromTicks(json.GetInt64());
        json.Read();
        return new(local, zone, rules, gave);
    }
}
