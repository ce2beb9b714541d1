using System.Globalization;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using NodaTime;

namespace Nightmail.Server.Api;

/// <summary>Times in requests and answers. A request's time names its offset or its zone: the server has no idea where the caller is.</summary>
internal static class ApiTimes
{
    /// <summary>How long a date is; a T may follow it, as it may stand in a zone's name.</summary>
    private const int DateLetters = 10;

    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(60);
    private static readonly string[] WithOffset = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd HH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mmK"];

    /// <summary>Reads RFC 3339, or a local time and a zone: <c>2026-12-01 09:00 Europe/Berlin</c>.</summary>
    /// <exception cref="ApiProblem">422, naming the field.</exception>
    public static (DateTimeOffset Instant, Wish? Wish) Read(string field, string text, TimeProvider time, bool allowPast = false)
    {
        var now = time.GetUtcNow();
        if (DateTime.TryParseExact(text, WithOffset, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var wall) && wall.Kind != DateTimeKind.Unspecified)
        {
            var instant = DateTimeOffset.ParseExact(text, WithOffset, CultureInfo.InvariantCulture, DateTimeStyles.None).ToUniversalTime();
            if (!allowPast && instant < now - Tolerance) throw ApiProblem.Invalid(field, $"{Text(instant)} has passed");
            return (instant, null);
        }

        var zone = text[(text.LastIndexOf(' ') + 1)..];
        if (!TimeZoneRules.Default.TryFind(zone, out _, out _))
            throw ApiProblem.Invalid(field, $"'{Printable.OneLine(text)}' is no time with an offset or a zone; write 2026-12-01T09:00:00+01:00 or 2026-12-01 09:00 Europe/Berlin");
        return new WhenParser(DateTimeZone.Utc, time).Parse(text.Length > DateLetters && text[DateLetters] == 'T' ? $"{text[..DateLetters]} {text[(DateLetters + 1)..]}" : text, allowPast) switch
        {
            WhenResult.Understood understood => (understood.Instant, understood.Wish),
            WhenResult.Refused refused => throw ApiProblem.Invalid(field, refused.Error),
            var other => throw new InvalidOperationException($"unknown result {other.GetType().Name}"),
        };
    }

    /// <summary>RFC 3339 in UTC.</summary>
    public static string Text(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFF'Z'", CultureInfo.InvariantCulture);

    /// <summary>RFC 3339 in UTC, or null.</summary>
    public static string? Text(DateTimeOffset? instant) => instant is { } value ? Text(value) : null;
}
