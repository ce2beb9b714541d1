using System.Text;
using System.Text.Json;
using Nightmail.Core.Emails;

namespace Nightmail.Store.File.Format;

/// <summary>
/// Finds emails that went down inside a value where none belongs: a lost or doubled block can leave sound JSON whose braces pair otherwise
/// than before, and whoever took that as it stands would lose every email inside, undamaged as it is.
/// </summary>
internal static class SwallowedEmail
{
    private const int MostDepth = 64;
    private static readonly JsonReaderOptions Tolerant = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = MostDepth };

    /// <summary>
    /// True when an object in the value, at any depth, lies under an email id and has what an email has to have. Other tables by ids, which
    /// somebody else's program may keep, are none.
    /// </summary>
    /// <param name="value">One whole JSON value that could be read.</param>
    public static bool IsIn(ReadOnlySpan<byte> value)
    {
        // Hardly any value has it, and this is asked for each one of every email.
        if (value.IndexOf("\"email_data\""u8) < 0) return false;
        var json = new Utf8JsonReader(value, Tolerant);
        Span<bool> underId = stackalloc bool[MostDepth + 1];
        var afterId = false;
        while (json.Read())
        {
            if (json.TokenType == JsonTokenType.PropertyName)
            {
                // Bytes, not text: half a character, escaped, cannot be compared with anything.
                if (underId[json.CurrentDepth - 1] && json.ValueSpan.SequenceEqual("email_data"u8)) return true;
                afterId = EmailId.TryParse(Encoding.UTF8.GetString(json.ValueSpan), out _);
                continue;
            }

            if (json.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray) underId[json.CurrentDepth] = afterId && json.TokenType == JsonTokenType.StartObject;
            afterId = false;
        }

        return false;
    }
}
