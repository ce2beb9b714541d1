using NodaTime;

namespace Nightmail.Core.Accounts;

/// <summary>What a rate cap leaves.</summary>
/// <param name="Left">How many more emails may begin now.</param>
/// <param name="FreeAt">When one may, if none may now; null: not before one that is on its way has ended, or one may now.</param>
/// <param name="Limit">The limit that leaves the least, in words: <c>30 a minute</c>; null: there is none.</param>
public sealed record CapStanding(int Left, DateTimeOffset? FreeAt, string? Limit);

/// <summary>
/// Counts an account's emails against its limits. What counts is the begin, which the ledger keeps, so the count survives restarts and
/// is the same for every worker. An email that is claimed and has not begun is taken for one that begins now. Pure.
/// </summary>
public static class RateCap
{
    /// <summary>
    /// A window is longer than its name by this, because the server counts by its own clock and an email is on its way for a moment.
    /// </summary>
    public static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);

    /// <summary>Begins older than this concern no limit: a day of 25 hours is the longest window.</summary>
    public static readonly TimeSpan LongestWindow = TimeSpan.FromHours(26);

    private static readonly CapStanding Unlimited = new(int.MaxValue, null, null);

    /// <summary>What the account's limits leave.</summary>
    /// <param name="account">The account.</param>
    /// <param name="begins">When its emails began, ascending, at least those of <see cref="LongestWindow"/>.</param>
    /// <param name="reserved">Emails that are claimed and have not begun.</param>
    /// <param name="now">The store's clock.</param>
    public static CapStanding Of(Account account, IReadOnlyList<DateTimeOffset> begins, int reserved, DateTimeOffset now)
    {
        var all = Unlimited;
        if (account.Limits.PerMinute is { } perMinute) all = Lesser(all, Sliding(perMinute, "a minute", TimeSpan.FromMinutes(1), begins, reserved, now));
        if (account.Limits.PerHour is { } perHour) all = Lesser(all, Sliding(perHour, "an hour", TimeSpan.FromHours(1), begins, reserved, now));
        if (account.Limits.PerDay is { } perDay) all = Lesser(all, Daily(perDay, account.Zone ?? DateTimeZone.Utc, begins, reserved, now));
        return all;
    }

    /// <summary>How many of the begins are later than <paramref name="since"/>.</summary>
    public static int CountAfter(IReadOnlyList<DateTimeOffset> begins, DateTimeOffset since)
    {
        var (low, high) = (0, begins.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (begins[middle] <= since) low = middle + 1;
            else high = middle;
        }

        return begins.Count - low;
    }

    /// <summary>How many of the begins are of the account's present day.</summary>
    public static int Today(Account account, IReadOnlyList<DateTimeOffset> begins, DateTimeOffset now) =>
        CountAfter(begins, StartOfDay(account.Zone ?? DateTimeZone.Utc, now).AddTicks(-1));

    private static DateTimeOffset StartOfDay(DateTimeZone zone, DateTimeOffset now) =>
        zone.AtStartOfDay(Instant.FromDateTimeOffset(now).InZone(zone).Date).ToDateTimeOffset();

    private static CapStanding Sliding(int limit, string window, TimeSpan length, IReadOnlyList<DateTimeOffset> begins, int reserved, DateTimeOffset now)
    {
        var span = length + Margin;
        var left = limit - CountAfter(begins, now - span) - reserved;
        // The begin that has to leave the window before the next one fits in.
        var blocking = begins.Count - (limit - reserved);
        return new(left, left > 0 || limit <= reserved ? null : begins[blocking] + span, $"{limit} {window}");
    }

    private static CapStanding Daily(int limit, DateTimeZone zone, IReadOnlyList<DateTimeOffset> begins, int reserved, DateTimeOffset now)
    {
        var today = Instant.FromDateTimeOffset(now).InZone(zone).Date;
        // Later than the last moment before midnight.
        var left = limit - CountAfter(begins, StartOfDay(zone, now).AddTicks(-1)) - reserved;
        var midnight = zone.AtStartOfDay(today.PlusDays(1)).ToInstant().ToDateTimeOffset();
        return new(left, left > 0 || limit <= reserved ? null : midnight, $"{limit} a day");
    }

    private static CapStanding Lesser(CapStanding one, CapStanding other)
    {
        if (one.Left > 0 || other.Left > 0) return other.Left < one.Left ? other : one;
        // Both are reached: the one that lasts longer counts.
        return one.FreeAt is null || one.FreeAt >= other.FreeAt ? one : other;
    }
}
