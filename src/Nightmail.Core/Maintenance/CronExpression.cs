using System.Diagnostics.CodeAnalysis;
using Nightmail.Core.Scheduling;
using NodaTime;

namespace Nightmail.Core.Maintenance;

/// <summary>
/// When something is to happen again and again, in the five fields of cron: minute, hour, day of the month, month, day of the week, each
/// with lists, ranges, steps and names; or a word like <c>@daily</c>. Where both kinds of day are restricted, either is enough, as in
/// every cron.
/// </summary>
public sealed class CronExpression
{
    /// <summary>Longer texts are refused unread: no sensible expression needs more.</summary>
    public const int MaxLength = 200;

    private static readonly Dictionary<string, string> Words = new(StringComparer.OrdinalIgnoreCase)
    {
        ["@hourly"] = "0 * * * *",
        ["@daily"] = "0 0 * * *",
        ["@midnight"] = "0 0 * * *",
        ["@weekly"] = "0 0 * * 0",
        ["@monthly"] = "0 0 1 * *",
        ["@yearly"] = "0 0 1 1 *",
        ["@annually"] = "0 0 1 1 *",
    };

    private CronExpression(string text, IReadOnlyList<CronField> fields)
    {
        Text = text;
        (Minute, Hour, Day, Month, Weekday) = (fields[0], fields[1], fields[2], fields[3], fields[4]);
    }

    /// <summary>As it was written, spaces tidied.</summary>
    public string Text { get; }

    internal CronField Minute { get; }

    internal CronField Hour { get; }

    internal CronField Day { get; }

    internal CronField Month { get; }

    internal CronField Weekday { get; }

    /// <summary>
    /// True when it names times of the day rather than a rhythm: minute and hour are lists of plain values. When the clocks change, a time
    /// of the day happens once on each of its days, and a rhythm goes on in step with real time.
    /// </summary>
    public bool NamesTimesOfDay => Minute.IsList && Hour.IsList;

    /// <summary>Reads an expression.</summary>
    /// <param name="text">Five fields, or a word.</param>
    /// <param name="expression">The expression, when true is returned.</param>
    /// <param name="error">One line that says what to write instead, when false is returned.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out CronExpression? expression, [NotNullWhen(false)] out string? error)
    {
        (expression, error) = (null, null);
        var words = text is { Length: <= MaxLength } ? text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) : [];
        if (words.Length == 1 && words[0][0] == '@')
        {
            if (!Words.TryGetValue(words[0], out var meant))
            {
                error = $"'{WhenParser.Printable(words[0])}' is not one of {string.Join(", ", Words.Keys)}";
                return false;
            }

            expression = new(words[0], ParseAll(meant.Split(' ')));
            return true;
        }

        if (words.Length != 5)
        {
            error = "a schedule has five fields: minute, hour, day of the month, month, day of the week, for example '0 2 * * *' for 02:00 every day";
            return false;
        }

        if (!TryParseAll(words, out var fields, out error)) return false;
        expression = new(string.Join(' ', words), fields);
        if (CronDays.HasAny(expression)) return true;
        (expression, error) = (null, $"'{string.Join(' ', words)}' names a day that never comes");
        return false;
    }

    /// <summary>Reads an expression that is known to be right.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static CronExpression Parse(string text) => TryParse(text, out var expression, out var error) ? expression : throw new FormatException(error);

    /// <summary>
    /// The first slot after an instant, or null when none comes within a hundred years. A time of the day that the clocks skip is the first
    /// instant after the gap; one that they show twice is the earlier of the two. A rhythm is skipped and doubled with the clocks.
    /// </summary>
    public DateTimeOffset? NextAfter(DateTimeOffset after, DateTimeZone zone) => CronSlots.NextAfter(this, after, zone);

    /// <summary>The slots after an instant, in order.</summary>
    public IEnumerable<DateTimeOffset> SlotsAfter(DateTimeOffset after, DateTimeZone zone)
    {
        for (var slot = NextAfter(after, zone); slot is { } at; slot = NextAfter(at, zone)) yield return at;
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static IReadOnlyList<CronField> ParseAll(string[] words) => TryParseAll(words, out var fields, out var error) ? fields : throw new FormatException(error);

    private static bool TryParseAll(string[] words, [NotNullWhen(true)] out IReadOnlyList<CronField>? fields, [NotNullWhen(false)] out string? error)
    {
        (fields, error) = (null, null);
        CronFieldKind[] kinds = [CronFieldKind.Minute, CronFieldKind.Hour, CronFieldKind.Day, CronFieldKind.Month, CronFieldKind.Weekday];
        var read = new CronField[kinds.Length];
        for (var index = 0; index < kinds.Length; index++)
        {
            if (!CronField.TryParse(words[index], kinds[index], out read[index], out error)) return false;
        }

        fields = read;
        return true;
    }
}
