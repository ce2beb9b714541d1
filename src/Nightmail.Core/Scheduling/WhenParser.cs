using NodaTime;
using Nightmail.Core.Emails;

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

/// <summary>Reads what people write for a time: <c>in 10m</c>, <c>tomorrow 9am</c>, <c>2026-12-24 18:00 Europe/Berlin</c>, RFC 3339, <c>@1795330004</c>. Never guesses "now".</summary>
public sealed class WhenParser(DateTimeZone zone, TimeProvider time)
{
    /// <summary>A time this far in the past is still taken: a clock that differs, a slow typist.</summary>
    public static readonly TimeSpan PastTolerance = TimeSpan.FromSeconds(60);

    /// <summary>The instant that <paramref name="words"/> name.</summary>
    /// <param name="words">What a person wrote.</param>
    /// <param name="allowPast">Takes a time in the past instead of refusing it.</param>
    public WhenResult Parse(string words, bool allowPast = false) => throw new NotSupportedException($"to be written {zone} {time}");
}
