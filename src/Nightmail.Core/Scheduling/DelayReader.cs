using System.Globalization;

namespace Nightmail.Core.Scheduling;

/// <summary>Reads delays: <c>10m</c>, <c>2 hours</c>, <c>1h30m</c>, <c>1 hour 30 minutes</c>, <c>1.5h</c>, <c>an hour</c>. They are real time: a day is 24 hours.</summary>
internal static class DelayReader
{
    /// <summary>A delay from the first word on. Without phrase and problem: these words are no delay at all.</summary>
    public static Reading Read(ReadOnlySpan<string> words)
    {
        var (at, seconds, units, inDays) = (0, 0m, 0, false);
        while (at < words.Length)
        {
            var word = words[at];
            var took = ReadPart(words[at..], out var rest, out var amount, out var unit);
            if (took == 0) break;
            // Several parts in one word, as in 1h30m.
            while (true)
            {
                var (length, bit) = unit;
                if ((units & bit) != 0) return Reading.Wrong("it names a unit twice");
                if (length == 0) return Reading.Wrong("months and years differ in length: write a date, or days");
                units |= bit;
                inDays |= length >= 86_400;
                if (amount > 1e12m) return Reading.Wrong("it is too far away");
                seconds += amount * length;
                if (rest.Length == 0) break;
                if (!TryPart(rest, out rest, out amount, out unit)) return Reading.Wrong($"'{WhenParser.Printable(word)}' is a delay with something behind it that is none");
            }

            at += took;
        }

        if (units == 0) return Reading.Wrong(words.Length > 0 && words[0][0] == '-' ? "a delay cannot be negative" : null);
        if (seconds > (decimal)WhenParser.LongestDelay.TotalSeconds) return Reading.Wrong("it is too far away");
        return Reading.Of(new WhenPhrase.Delay(TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond)), inDays), at);
    }

    /// <summary>One part of one or two words: <c>10m</c>, <c>10 m</c>, <c>an hour</c>. The number of words it took; 0: none.</summary>
    private static int ReadPart(ReadOnlySpan<string> words, out ReadOnlySpan<char> rest, out decimal amount, out (long Seconds, int Bit) unit)
    {
        if (TryPart(words[0], out rest, out amount, out unit)) return 1;
        if (words.Length < 2 || Unit(words[1]) is not { Bit: > 0 } next) return 0;
        if (words[0] is "a" or "an") amount = 1;
        else if (!TryAmount(words[0], out amount)) return 0;
        rest = [];
        unit = next;
        return 2;
    }

    private static bool TryPart(ReadOnlySpan<char> text, out ReadOnlySpan<char> rest, out decimal amount, out (long Seconds, int Bit) unit)
    {
        rest = [];
        amount = 0;
        unit = default;
        var digits = 0;
        while (digits < text.Length && (char.IsAsciiDigit(text[digits]) || text[digits] is '+' or '.')) digits++;
        if (digits == 0 || !TryAmount(text[..digits], out amount)) return false;
        var end = digits;
        while (end < text.Length && char.IsAsciiLetterLower(text[end])) end++;
        unit = Unit(text[digits..end]);
        rest = text[end..];
        return unit.Bit > 0;
    }

    private static bool TryAmount(ReadOnlySpan<char> text, out decimal amount) =>
        decimal.TryParse(text.StartsWith('+') ? text[1..] : text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out amount) && text.Length <= 20;

    /// <summary>Length and a bit of its own for each unit; length 0: a unit that has none. Bit 0: no unit.</summary>
    private static (long Seconds, int Bit) Unit(ReadOnlySpan<char> word) => word switch
    {
        "s" or "sec" or "secs" or "second" or "seconds" => (1, 1),
        "m" or "min" or "mins" or "minute" or "minutes" => (60, 2),
        "h" or "hr" or "hrs" or "hour" or "hours" => (3_600, 4),
        "d" or "day" or "days" => (86_400, 8),
        "w" or "wk" or "week" or "weeks" => (604_800, 16),
        "mo" or "month" or "months" or "y" or "yr" or "year" or "years" => (0, 32),
        _ => default,
    };
}
