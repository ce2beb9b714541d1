using Nightmail.Core.Emails;
using NodaTime;

namespace Nightmail.Core.Scheduling;

/// <summary>What words for a time came to.</summary>
public abstract record WhenResult
{
    private WhenResult()
    {
    }

    /// <summary>They name an instant.</summary>
    /// <param name="Instant">The instant, UTC.</param>
    /// <param name="Wish">The wall-clock wish behind it; null when an instant or a delay was asked for.</param>
    /// <param name="Explanation">What was understood: <c>2026-12-01 09:00 Europe/Berlin (in 9 days; 08:00Z)</c>.</param>
    /// <param name="Note">What a daylight-saving change did to the wish, or null.</param>
    public sealed record Understood(DateTimeOffset Instant, Wish? Wish, string Explanation, string? Note) : WhenResult;

    /// <summary>They cannot be read, or lie in the past: one line that says what to write instead.</summary>
    public sealed record Refused(string Error) : WhenResult;
}

/// <summary>
/// Reads what people write for a time: <c>in 10m</c>, <c>tomorrow 9am</c>, <c>2026-12-24 18:00 Europe/Berlin</c>, RFC 3339,
/// <c>@1795330004</c>. Never guesses "now": only the word <c>now</c> is.
/// </summary>
/// <remarks>
/// A time alone that has passed today is tomorrow's; one of hours and minutes has passed when its minute is over. A day alone is 09:00. A day
/// of the week is the coming one, today's while its time has not passed; after <c>next</c> it is the first one after today. A delay is real time,
/// rounded up to a whole second; a day of it is 24 hours.
/// </remarks>
/// <param name="zone">The zone of words that name none.</param>
/// <param name="time">The clock.</param>
/// <param name="rules">The zones; null: those the program was built with.</param>
public sealed class WhenParser(DateTimeZone zone, TimeProvider time, TimeZoneRules? rules = null)
{
    /// <summary>A time this far in the past is still taken: a clock that differs, a slow typist.</summary>
    public static readonly TimeSpan PastTolerance = TimeSpan.FromSeconds(60);

    /// <summary>The first year of a date. Unix times begin here.</summary>
    public const int FirstYear = 1970;

    /// <summary>The last year of a date. It leaves a year of room to every sum that is made with one.</summary>
    public const int LastYear = 9998;

    /// <summary>The time of a day that is named alone.</summary>
    private static readonly TimePhrase Morning = new(new LocalTime(9, 0), TimeSpan.FromMinutes(1), null);

    /// <summary>The longest form, a date with fraction, offset and zone, has 60 characters; a sentence is no time.</summary>
    private const int MaxLength = 128;

    private const int MaxWords = 12;

    private readonly TimeZoneRules rules = rules ?? TimeZoneRules.Default;

    /// <summary>No delay is longer than this.</summary>
    internal static readonly TimeSpan LongestDelay = TimeSpan.FromDays(366 * (LastYear - FirstYear));

    /// <summary>No instant is later than this.</summary>
    internal static readonly DateTimeOffset LastInstant = new(LastYear, 12, 31, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The instant that <paramref name="words"/> name. Never throws.</summary>
    /// <param name="words">What a person wrote.</param>
    /// <param name="allowPast">Takes a time in the past instead of refusing it.</param>
    public WhenResult Parse(string words, bool allowPast = false)
    {
        if (words.Length > MaxLength) return Unreadable(words, "it is too long");
        string[] parts = [.. words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(part => part.TrimEnd(',')).Where(part => part.Length > 0)];
        if (parts.Length is 0 or > MaxWords) return Unreadable(words, parts.Length == 0 ? "it is empty" : "it is too long");
        var now = time.GetUtcNow();
        if (now.Year is < FirstYear or > LastYear - 1) return new WhenResult.Refused($"the clock of this machine says {now.UtcDateTime:yyyy-MM-dd}: set it first");
        string[] lower = [.. Lower(parts)];
        var reading = WhenReader.Read(lower);
        if (reading.Phrase is null) return Unreadable(words, Guess(lower) ?? reading.Problem);
        var there = zone;
        // One date and its time are one word as RFC 3339 writes them, so the words behind are counted from the end.
        var left = lower.Length - reading.Words;
        if (left > 1) return Unreadable(words, Guess(lower));
        if (left == 1)
        {
            var name = parts[^1].Trim('[', ']');
            if (!rules.TryFind(name, out var found, out var error)) return Unreadable(words, name.Contains('/') ? error : Guess(lower) ?? error);
            there = found;
        }

        return Resolve(reading.Phrase, there, now, allowPast);
    }

    /// <summary>The text as an error may quote it: one short line, nothing that moves a cursor.</summary>
    internal static string Printable(string text)
    {
        var shown = text.Length > 40 ? text[..40] + "…" : text;
        return string.Concat(shown.Select(letter => char.IsLetterOrDigit(letter) || char.IsPunctuation(letter) || char.IsSymbol(letter) || letter == ' ' ? letter : '?'));
    }

    private WhenResult Resolve(WhenPhrase phrase, DateTimeZone there, DateTimeOffset now, bool allowPast)
    {
        switch (phrase)
        {
            case WhenPhrase.Present:
                return Result(Down(now, TimeSpan.TicksPerMillisecond), null, null, there, now, allowPast);
            case WhenPhrase.Delay { Length: var length, InDays: var inDays }:
                if (length > LastInstant - now) return new WhenResult.Refused($"that is too far away: after the year {LastYear}");
                var then = Down(now + length + TimeSpan.FromTicks(TimeSpan.TicksPerSecond - 1), TimeSpan.TicksPerSecond);
                return Result(then, null, inDays ? WhenNotes.OfDelay(now, then, there) : null, there, now, allowPast);
            case WhenPhrase.Exact { Instant: var instant }:
                return Result(instant, null, null, there, now, allowPast);
            case WhenPhrase.Wall wall:
                var local = LocalOf(wall, there, now);
                var resolved = TimeZoneRules.Resolve(local, there);
                return Result(resolved.Instant, rules.WishFor(local, there, resolved.Instant), WhenNotes.OfWish(local, resolved, there), there, now, allowPast);
            default:
                throw new ArgumentOutOfRangeException(nameof(phrase), phrase, null);
        }
    }

    private static LocalDateTime LocalOf(WhenPhrase.Wall wall, DateTimeZone there, DateTimeOffset now)
    {
        var today = TimeWords.LocalOf(now, there).Date;
        var said = wall.Time ?? Morning;
        var passedToday = TimeZoneRules.Resolve(today + said.Time, there).Instant + said.Span <= now;
        var day = wall.Day switch
        {
            null => today.PlusDays(passedToday ? 1 : 0),
            DayPhrase.FromToday { Days: var days } => today.PlusDays(days),
            DayPhrase.OfWeek { Day: var weekday, Next: var next } => weekday != today.DayOfWeek ? today.Next(weekday) : today.PlusDays(next || passedToday ? 7 : 0),
            DayPhrase.Calendar { Date: var date } => date,
            _ => throw new ArgumentOutOfRangeException(nameof(wall), wall.Day, null),
        };
        return day + said.Time;
    }

    private static WhenResult Result(DateTimeOffset instant, Wish? wish, string? note, DateTimeZone there, DateTimeOffset now, bool allowPast)
    {
        if (instant > LastInstant) return new WhenResult.Refused($"that is too far away: after the year {LastYear}");
        var explanation = TimeWords.Explain(instant, there, now);
        return instant < now - PastTolerance && !allowPast
            ? new WhenResult.Refused($"{explanation} has passed; give a later time, or --allow-past if you mean it")
            : new WhenResult.Understood(instant, wish, explanation, note);
    }

    private static WhenResult.Refused Unreadable(string words, string? problem) =>
        new($"cannot read the time '{Printable(words)}'{(problem is null ? "" : $": {problem}")}; write for example 'in 10m', '17:30', 'tomorrow 9am', 'mon 8:00', '2026-12-24 18:00 Europe/Berlin'");

    /// <summary>The words with slips mended, where that makes a time of them.</summary>
    private string? Guess(string[] lower)
    {
        string[] mended = [.. lower.Select(word => char.IsAsciiLetter(word[0]) && !WhenReader.Vocabulary.Contains(word) ? NearestWord.Find(word, WhenReader.Vocabulary) ?? word : word)];
        if (mended.SequenceEqual(lower)) return null;
        var reading = WhenReader.Read(mended);
        var left = mended.Length - reading.Words;
        return reading.Phrase is not null && (left == 0 || (left == 1 && rules.LooksLikeZone(mended[^1]))) ? $"perhaps '{string.Join(' ', mended)}'?" : null;
    }

    /// <summary>Lower case; a date and time joined by a T are two words.</summary>
    private static IEnumerable<string> Lower(string[] parts)
    {
        foreach (var part in parts)
        {
            var word = part.ToLowerInvariant();
            if (word.Length > 11 && word[10] == 't' && word[4] == '-' && char.IsAsciiDigit(word[11]))
            {
                yield return word[..10];
                yield return word[11..];
            }
            else
            {
                yield return word;
            }
        }
    }

    private static DateTimeOffset Down(DateTimeOffset instant, long ticks) => new(instant.UtcTicks - (instant.UtcTicks % ticks), TimeSpan.Zero);
}

/// <summary>Says what a change of the clocks does to a wish.</summary>
internal static class WhenNotes
{
    /// <summary>The note, or null when the clocks do nothing to it.</summary>
    public static string? OfWish(LocalDateTime local, ResolvedTime resolved, DateTimeZone zone) => resolved.Change switch
    {
        ClockChange.Skipped => $"{TimeWords.Day(local.Date)} {TimeWords.Time(local)} does not exist in {zone.Id}, where the clocks are set forward over it; the first moment after is taken",
        ClockChange.Doubled => $"{TimeWords.Day(local.Date)} {TimeWords.Time(local)} comes twice in {zone.Id}, where the clocks are set back; the earlier is taken",
        _ => null,
    };

    /// <summary>A delay of days ends at another time of day when the clocks change meanwhile.</summary>
    public static string? OfDelay(DateTimeOffset now, DateTimeOffset then, DateTimeZone zone) =>
        zone.GetUtcOffset(Instant.FromDateTimeOffset(now)) == zone.GetUtcOffset(Instant.FromDateTimeOffset(then)) ? null
            : $"the clocks of {zone.Id} change before then, and a delay counts real hours; for the same time of day say 'tomorrow' or a date";
}
