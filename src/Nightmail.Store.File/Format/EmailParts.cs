using System.Text.Json;
using Nightmail.Core.Emails;

namespace Nightmail.Store.File.Format;

/// <summary>Reads the lists inside an email: its recipients, header fields and attachments.</summary>
internal static class EmailParts
{
    private static readonly string[] StatusWords = ["pending", "delivered", "rejected", "in_doubt"];

    /// <summary>The word for a recipient's state in the file.</summary>
    public static string Word(RecipientStatus status) => StatusWords[(int)status];

    /// <summary>The recipients, each an object.</summary>
    public static IReadOnlyList<Recipient> Recipients(ref Utf8JsonReader json, ref bool unknown)
    {
        var list = new List<Recipient>();
        while (NextObject(ref json))
        {
            var (address, status, reply) = ((string?)null, RecipientStatus.Pending, (string?)null);
            while (Lenient.NextProperty(ref json, QueueKeys.Recipient) is { } index)
            {
                if (index == 0) address = Lenient.Text(ref json);
                else if (index == 1) status = Status(Lenient.Text(ref json));
                else if (index == 2) reply = Lenient.Text(ref json);
                else Unknown(ref json, ref unknown);
            }

            list.Add(new(address ?? throw new FormatException("a recipient has no address"), status, reply));
        }

        return list;
    }

    /// <summary>A list of texts; none for null and Lua's empty table.</summary>
    public static IReadOnlyList<string> Texts(ref Utf8JsonReader json)
    {
        var list = new List<string>();
        if (json.TokenType != JsonTokenType.StartArray)
        {
            json.Skip();
            return [];
        }

        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (Lenient.Text(ref json) is { } text) list.Add(text);
        }

        return list.ToArray();
    }

    /// <summary>The header fields, each an object.</summary>
    public static IReadOnlyList<HeaderField> Headers(ref Utf8JsonReader json, ref bool unknown)
    {
        var list = new List<HeaderField>();
        while (NextObject(ref json))
        {
            var (name, value) = ((string?)null, "");
            while (Lenient.NextProperty(ref json, QueueKeys.Header) is { } index)
            {
                if (index == 0) name = Lenient.Text(ref json);
                else if (index == 1) value = Lenient.Text(ref json) ?? "";
                else Unknown(ref json, ref unknown);
            }

            list.Add(new(name ?? throw new FormatException("a header has no name"), value));
        }

        return list;
    }

    /// <summary>The attachments. A list of another program's making is unknown to us, and kept.</summary>
    public static IReadOnlyList<Attachment> Attachments(ref Utf8JsonReader json, ref bool unknown)
    {
        var before = json;
        try
        {
            var list = new List<Attachment>();
            while (NextObject(ref json)) list.Add(Attachment(ref json, ref unknown));
            return list;
        }
        catch (FormatException)
        {
            json = before;
            Unknown(ref json, ref unknown);
            return [];
        }
    }

    /// <summary>A blob by hash and size; null for null.</summary>
    public static BlobRef? Blob(ref Utf8JsonReader json, ref bool unknown)
    {
        if (!Lenient.EntersObject(ref json, "it")) return null;
        var (hash, size) = ((string?)null, 0L);
        while (Lenient.NextProperty(ref json, QueueKeys.FileRef) is { } index)
        {
            if (index == 1) size = Lenient.Whole(ref json) ?? 0;
            else if (index == 2) hash = Lenient.Text(ref json);
            else Unknown(ref json, ref unknown);
        }

        return new(hash ?? throw new FormatException("a file has no hash"), size);
    }

    /// <summary>A wish; null where it does not say enough to be resolved again.</summary>
    public static Wish? Wish(ref Utf8JsonReader json, ref bool unknown)
    {
        var (local, zone, rules, gave) = ((string?)null, (string?)null, "", (DateTimeOffset?)null);
        // A bare string is a wish that somebody else noted; it cannot be resolved again.
        if (json.TokenType == JsonTokenType.String) return null;
        if (!Lenient.EntersObject(ref json, "it")) return null;
        while (Lenient.NextProperty(ref json, QueueKeys.Wish) is { } index)
        {
            if (index == 0) local = Lenient.Text(ref json);
            else if (index == 1) zone = Lenient.Text(ref json);
            else if (index == 2) rules = Lenient.Text(ref json) ?? "";
            else if (index == 3) gave = UnixTime.Read(ref json);
            else Unknown(ref json, ref unknown);
        }

        return local is null || zone is null ? null : new(local, zone, rules, gave);
    }

    private static Attachment Attachment(ref Utf8JsonReader json, ref bool unknown)
    {
        var (name, size, hash, type, contentId) = ((string?)null, 0L, (string?)null, (string?)null, (string?)null);
        while (Lenient.NextProperty(ref json, QueueKeys.FileRef) is { } index)
        {
            switch (index)
            {
                case 0: name = Lenient.Text(ref json); break;
                case 1: size = Lenient.Whole(ref json) ?? 0; break;
                case 2: hash = Lenient.Text(ref json); break;
                case 3: type = Lenient.Text(ref json); break;
                case 4: contentId = Lenient.Text(ref json); break;
                default: Unknown(ref json, ref unknown); break;
            }
        }

        if (name is null || hash is null) throw new FormatException("an attachment has no name or no hash");
        return new(name, new(hash, size)) { ContentType = type, ContentId = contentId };
    }

    private static RecipientStatus Status(string? word) =>
        Array.IndexOf(StatusWords, word) is >= 0 and var index ? (RecipientStatus)index : throw new FormatException($"'{word}' is no recipient's status");

    /// <summary>Steps into an array, or to its next object; false at its end, and for null and Lua's empty table.</summary>
    private static bool NextObject(ref Utf8JsonReader json)
    {
        if (json.TokenType == JsonTokenType.Null) return false;
        if (json.TokenType == JsonTokenType.StartObject)
        {
            json.Read();
            return json.TokenType == JsonTokenType.EndObject ? false : throw new FormatException("a list is an object");
        }

        if (json.TokenType is not (JsonTokenType.StartArray or JsonTokenType.EndObject)) throw new FormatException("a list is none");
        json.Read();
        if (json.TokenType == JsonTokenType.EndArray) return false;
        return json.TokenType == JsonTokenType.StartObject ? true : throw new FormatException("a list holds something else than objects");
    }

    private static void Unknown(ref Utf8JsonReader json, ref bool unknown)
    {
        unknown = true;
        json.Skip();
    }
}
