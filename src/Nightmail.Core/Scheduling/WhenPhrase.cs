using NodaTime;

namespace Nightmail.Core.Scheduling;

/// <summary>What words for a time say, before clock and zone give them an instant.</summary>
internal abstract record WhenPhrase
{
    private WhenPhrase()
    {
    }

    /// <summary>The word <c>now</c>.</summary>
    public sealed record Present : WhenPhrase;

    /// <summary>A delay in real time. <paramref name="InDays"/>: it was said in days or weeks.</summary>
    public sealed record Delay(TimeSpan Length, bool InDays) : WhenPhrase;

    /// <summary>An instant: a Unix time, or a date and time with offset.</summary>
    public sealed record Exact(DateTimeOffset Instant) : WhenPhrase;

    /// <summary>A wall-clock time. Null for <paramref name="Day"/>: a time alone; null for <paramref name="Time"/>: a day alone.</summary>
    public sealed record Wall(DayPhrase? Day, TimePhrase? Time) : WhenPhrase;
}

/// <summary>A day in words.</summary>
internal abstract record DayPhrase
{
    private DayPhrase()
    {
    }

    /// <summary>So many days after today.</summary>
    public sealed record FromToday(int Days) : DayPhrase;

    /// <summary>A day of the week; <paramref name="Next"/>: <c>next</c> stands before it.</summary>
    public sealed record OfWeek(IsoDayOfWeek Day, bool Next) : DayPhrase;

    /// <summary>A date of the calendar.</summary>
    public sealed record Calendar(LocalDate Date) : DayPhrase;
}

/// <summary>A time of day.</summary>
/// <param name="Time">The time, to the millisecond.</param>
/// <param name="Span">How long it lasts before it has passed: a minute where only hours and minutes were said.</param>
/// <param name="Offset">The offset that stands behind it, if any.</param>
internal sealed record TimePhrase(LocalTime Time, TimeSpan Span, TimeSpan? Offset);

/// <summary>What reading came to: a phrase and how many words it took, or what is wrong in one clause.</summary>
internal readonly record struct Reading(WhenPhrase? Phrase, int Words, string? Problem)
{
    public static Reading Of(WhenPhrase phrase, int words) => new(phrase, words, null);

    public static Reading Wrong(string? problem) => new(null, 0, problem);
}
