namespace Nightmail.Store.Sql.Shared;

/// <summary>Values in the form that both engines keep.</summary>
internal static class SqlWords
{
    private const char Separator = '\n';

    /// <summary>An instant: units of 100 ns since 1970, so that nothing is rounded.</summary>
    public static long Of(DateTimeOffset instant) => instant.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;

    /// <summary>An instant or NULL.</summary>
    public static long? Of(DateTimeOffset? instant) => instant is { } value ? Of(value) : null;

    /// <summary>The instant of <see cref="Of(DateTimeOffset)"/>.</summary>
    public static DateTimeOffset Instant(long ticks) => new(ticks + DateTimeOffset.UnixEpoch.Ticks, TimeSpan.Zero);

    /// <summary>The instant, or null.</summary>
    public static DateTimeOffset? Instant(long? ticks) => ticks is { } value ? Instant(value) : null;

    /// <summary>A list of mailboxes. None holds a line break, so one separates them.</summary>
    public static string Of(IReadOnlyList<string> mailboxes) => string.Join(Separator, mailboxes);

    /// <summary>The list of <see cref="Of(IReadOnlyList{string})"/>.</summary>
    public static IReadOnlyList<string> List(string text) => text.Length == 0 ? [] : text.Split(Separator);
}
