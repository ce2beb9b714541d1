using System.Globalization;

namespace Nightmail.Store.File.Backups;

/// <summary>
/// The names of one queue's backups: the queue's own, the moment in UTC, and a number where one moment made several:
/// <c>scheduled_emails.20261201T080000.000Z.json</c>. Beside each lies a note of what it is, ending in <c>.about</c>.
/// </summary>
internal sealed class BackupName(string stem)
{
    /// <summary>How the copy's name ends.</summary>
    public const string Ending = ".json";

    /// <summary>How its note's name ends.</summary>
    public const string AboutEnding = ".about";

    private const string Format = "yyyyMMdd'T'HHmmss.fff'Z'";

    /// <summary>The name of a copy that is made now, unlike any of those that are there.</summary>
    public string New(DateTimeOffset now, IReadOnlyList<string> there)
    {
        var moment = $"{stem}.{now.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture)}";
        for (var count = 1; ; count++)
        {
            var name = count == 1 ? moment : $"{moment}-{count.ToString(CultureInfo.InvariantCulture)}";
            if (!there.Contains(name + Ending) && !there.Contains(name + AboutEnding)) return name + Ending;
        }
    }

    /// <summary>When a copy of that name was made; null when it is none of this queue's.</summary>
    public DateTimeOffset? TimeOf(string name)
    {
        if (!name.StartsWith(stem + ".", StringComparison.Ordinal) || !name.EndsWith(Ending, StringComparison.Ordinal)) return null;
        var moment = name.AsSpan(stem.Length + 1, Math.Max(0, name.Length - stem.Length - 1 - Ending.Length));
        if (moment.IndexOf('-') is > 0 and var dash) moment = moment[..dash];
        return DateTimeOffset.TryParseExact(moment, Format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var made) ? made : null;
    }

    /// <summary>The name of a copy's note.</summary>
    public static string AboutOf(string name) => name[..^Ending.Length] + AboutEnding;
}
