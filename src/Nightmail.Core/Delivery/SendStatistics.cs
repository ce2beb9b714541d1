using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Core.Delivery;

/// <summary>What came of the attempts of a span of time.</summary>
/// <param name="Attempts">All of them.</param>
/// <param name="Sent">After which the email was sent.</param>
/// <param name="Failed">After which it had failed.</param>
public sealed record SendCounts(int Attempts, int Sent, int Failed);

/// <summary>How late emails left: from their time to their server's answer, of those that left in their first attempt.</summary>
/// <param name="Emails">How many.</param>
/// <param name="Median">Half of them were no later.</param>
/// <param name="P99">99 in 100 were no later.</param>
/// <param name="Max">None was later.</param>
public sealed record Lateness(int Emails, TimeSpan Median, TimeSpan P99, TimeSpan Max)
{
    /// <summary>Of these; null: there are none.</summary>
    public static Lateness? Of(IEnumerable<TimeSpan> spans)
    {
        var sorted = spans.Order().ToList();
        return sorted.Count == 0 ? null : new(sorted.Count, Rank(sorted, 0.5), Rank(sorted, 0.99), sorted[^1]);
    }

    // The nearest rank: a lateness that there was, not one between two.
    private static TimeSpan Rank(List<TimeSpan> sorted, double part) => sorted[Math.Max(0, (int)Math.Ceiling(part * sorted.Count) - 1)];
}

/// <summary>What the send log says about the last hour, day and seven days. Pure.</summary>
/// <param name="Account">Of this account; null: of all.</param>
/// <param name="Hour">The last hour.</param>
/// <param name="Day">The last 24 hours.</param>
/// <param name="Week">The last seven days.</param>
/// <param name="Lateness">Of the last seven days; null: nothing left in its first attempt.</param>
public sealed record SendStatistics(string? Account, SendCounts Hour, SendCounts Day, SendCounts Week, Lateness? Lateness)
{
    /// <summary>How far back it looks.</summary>
    public static readonly TimeSpan Span = TimeSpan.FromDays(7);

    /// <summary>Of these rows, as far as they are not older.</summary>
    public static SendStatistics Of(IReadOnlyList<SendLogEntry> rows, DateTimeOffset now, string? account = null)
    {
        var ours = rows.Where(row => account is null || row.Account == account).ToList();
        return new(
            account,
            Count(ours, now - TimeSpan.FromHours(1)),
            Count(ours, now - TimeSpan.FromDays(1)),
            Count(ours, now - Span),
            Delivery.Lateness.Of(ours.Where(row => row.At > now - Span && row.Late is not null).Select(row => row.Late!.Value)));
    }

    /// <summary>One an account that made an attempt, by name.</summary>
    public static IReadOnlyList<SendStatistics> ByAccount(IReadOnlyList<SendLogEntry> rows, DateTimeOffset now) =>
        [.. rows.Where(row => row.At > now - Span).Select(row => row.Account).Distinct().Order(StringComparer.Ordinal).Select(account => Of(rows, now, account))];

    private static SendCounts Count(List<SendLogEntry> rows, DateTimeOffset since)
    {
        var recent = rows.Where(row => row.At > since).ToList();
        return new(recent.Count, recent.Count(row => row.Outcome == EmailStatus.Sent), recent.Count(row => row.Outcome == EmailStatus.Failed));
    }
}
