using System.Globalization;
using System.Text.Json;

namespace Nightmail.Store.File.Format;

/// <summary>Instants as Unix seconds, with milliseconds as a decimal fraction where there are any.</summary>
internal static class UnixTime
{
    private static readonly DateTimeOffset First = new(2, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Last = new(9000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The instant to the millisecond, never earlier than asked: a due time must not come early by rounding.</summary>
    public static DateTimeOffset RoundUp(DateTimeOffset instant)
    {
        var rest = instant.Ticks % TimeSpan.TicksPerMillisecond;
        return rest == 0 && instant.Offset == TimeSpan.Zero ? instant
            : new DateTimeOffset(instant.UtcTicks + (rest == 0 ? 0 : TimeSpan.TicksPerMillisecond - rest), TimeSpan.Zero);
    }

    /// <summary>The instant without what is less than <paramref name="unit"/>.</summary>
    public static DateTimeOffset RoundDown(DateTimeOffset instant, long unit = TimeSpan.TicksPerMillisecond)
    {
        var rest = instant.UtcTicks % unit;
        return rest == 0 && instant.Offset == TimeSpan.Zero ? instant : new DateTimeOffset(instant.UtcTicks - rest, TimeSpan.Zero);
    }

    /// <summary>Reads a number, a numeric string or RFC 3339; null for null.</summary>
    public static DateTimeOffset? Read(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.Number:
                if (reader.TryGetInt64(out var whole)) return FromSeconds(whole);
                return reader.TryGetDecimal(out var fraction) ? FromSeconds(fraction) : throw new FormatException("a time is no number that can be");
            case JsonTokenType.String:
                var text = reader.GetString()!;
                if (text.Length == 0) return null;
                if (decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)) return FromSeconds(seconds);
                return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var instant)
                    ? Bounded(instant) : throw new FormatException($"'{text}' is not a time");
            default:
                throw new FormatException("a time is neither a number nor a string");
        }
    }

    /// <summary>A time that waits, zones and years of people can be added to without leaving the calendar. What is meant by more is "never", and stays so.</summary>
    private static DateTimeOffset Bounded(DateTimeOffset instant) => instant > Last ? Last : instant < First ? First : instant;

    private static DateTimeOffset FromSeconds(decimal seconds)
    {
        // The years 0001 to 9999; outside of them a DateTimeOffset would throw something else.
        if (seconds is < -62_135_596_800m or > 253_402_300_799m) throw new FormatException($"{seconds} is not a time");
        return Bounded(DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Ceiling(seconds * 1000m)));
    }
}
