using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using Nightmail.Core.Emails;
using NodaTime;
using NodaTime.TimeZones;

namespace Nightmail.Core.Scheduling;

/// <summary>What a change of the clocks did to a local time.</summary>
public enum ClockChange
{
    /// <summary>Nothing: the local time names one instant.</summary>
    None,

    /// <summary>The clocks jump over it: the first instant after the gap was taken.</summary>
    Skipped,

    /// <summary>The clocks show it twice: the earlier instant was taken.</summary>
    Doubled,
}

/// <summary>The instant that a local time names, and what the clocks did to it.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ResolvedTime(DateTimeOffset Instant, ClockChange Change);

/// <summary>
/// The IANA zones and their rules, and the one place where a local time becomes an instant. Making one costs nothing; the first zone
/// that is looked up loads the rules (about 20 ms), except UTC.
/// </summary>
/// <param name="zones">Finds zones; asked at the first look-up only.</param>
/// <param name="version">The version of the rules (<c>2026f</c>); later versions sort after earlier ones.</param>
public sealed class TimeZoneRules(Func<IDateTimeZoneProvider> zones, Func<string> version)
{
    /// <summary>The version that a wish in UTC keeps: no rules can move it.</summary>
    private const string Timeless = "utc";

    /// <summary>The rules this program was built with.</summary>
    public static TimeZoneRules Default { get; } = new(() => DateTimeZoneProviders.Tzdb, () => TzdbDateTimeZoneSource.Default.TzdbVersion);

    /// <summary>The version of these rules. Asking for it loads them.</summary>
    public string Version => version();

    /// <summary>The version of the rules for a zone.</summary>
    public string VersionFor(DateTimeZone zone) => zone == DateTimeZone.Utc ? Timeless : version();

    /// <summary>
    /// The instant of a local time in a zone. A time that the clocks skip is the first instant after the gap; one that they show twice is
    /// the earlier of the two.
    /// </summary>
    public static ResolvedTime Resolve(LocalDateTime local, DateTimeZone zone)
    {
        var mapping = zone.MapLocal(local);
        return mapping.Count switch
        {
            0 => new(mapping.LateInterval.Start.ToDateTimeOffset(), ClockChange.Skipped),
            1 => new(mapping.Single().ToInstant().ToDateTimeOffset(), ClockChange.None),
            _ => new(mapping.First().ToInstant().ToDateTimeOffset(), ClockChange.Doubled),
        };
    }

    /// <summary>Finds a zone by its IANA name, letter case aside.</summary>
    /// <param name="name">For example <c>Europe/Berlin</c>.</param>
    /// <param name="zone">The zone, when true is returned.</param>
    /// <param name="error">One line that names similar zones, when false is returned.</param>
    public bool TryFind(string name, [NotNullWhen(true)] out DateTimeZone? zone, [NotNullWhen(false)] out string? error)
    {
        (zone, error) = (null, null);
        if (IsUtc(name)) zone = DateTimeZone.Utc;
        else if (name.Length is > 0 and <= 64) zone = zones().GetZoneOrNull(name) ?? IgnoringCase(name);
        if (zone is not null) return true;
        var similar = name.Length is > 0 and <= 64 ? Similar(name) : [];
        error = similar.Count == 0
            ? $"there is no time zone '{WhenParser.Printable(name)}'; write an IANA name like Europe/Berlin"
            : $"there is no time zone '{WhenParser.Printable(name)}'; perhaps {string.Join(" or ", similar)}?";
        return false;
    }

    /// <summary>
    /// The email with the instant that newer rules give its wish; null when nothing moves. Only a pending or paused email is moved, and
    /// only while its time is still what the wish gave. One that was tried keeps its wait: it is due at the later of the two.
    /// </summary>
    public ScheduledEmail? ResolveAgain(ScheduledEmail email)
    {
        if (email is not { Status: EmailStatus.Pending or EmailStatus.Paused, Wish: { Gave: { } gave } wish }) return null;
        if (IsUtc(wish.TimeZone) || gave.ToUnixTimeSeconds() != email.ScheduledFor.ToUnixTimeSeconds()) return null;
        if (string.CompareOrdinal(version(), wish.RulesVersion) <= 0) return null;
        if (!TryReadLocal(wish.Local, out var local) || !TryFind(wish.TimeZone, out var zone, out _)) return null;
        var now = Resolve(local, zone).Instant;
        return now == gave ? null : email with { ScheduledFor = now, Wish = wish with { RulesVersion = version(), Gave = now } };
    }

    /// <summary>The wish for a local time, with the instant it gives now.</summary>
    internal Wish WishFor(LocalDateTime local, DateTimeZone zone, DateTimeOffset gave) =>
        new(local.ToDateTimeUnspecified().ToString("yyyy-MM-dd'T'HH:mm:ss.FFF", CultureInfo.InvariantCulture), zone.Id, VersionFor(zone), gave);

    /// <summary>True when the word has the shape of a zone's name, whether there is such a zone or not.</summary>
    internal bool LooksLikeZone(string word) => word.Contains('/') || IsUtc(word) || (word.Length is > 1 and <= 64 && char.IsAsciiLetter(word[0]) && TryFind(word, out _, out _));

    private static bool IsUtc(string name) =>
        name.Equals("UTC", StringComparison.OrdinalIgnoreCase) || name.Equals("Etc/UTC", StringComparison.OrdinalIgnoreCase);

    private static bool TryReadLocal(string text, out LocalDateTime local)
    {
        var read = DateTime.TryParseExact(text, ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", "yyyy-MM-dd'T'HH:mm"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var value)
            && value.Year is >= WhenParser.FirstYear and <= WhenParser.LastYear;
        local = read ? LocalDateTime.FromDateTime(value) : default;
        return read;
    }

    private DateTimeZone? IgnoringCase(string name) =>
        zones().Ids.FirstOrDefault(id => id.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } id ? zones()[id] : null;

    private List<string> Similar(string name)
    {
        var ids = zones().Ids;
        var asCity = name.Replace(' ', '_');
        List<string> cities = [.. ids.Where(id => id.EndsWith("/" + asCity, StringComparison.OrdinalIgnoreCase)).Take(3)];
        if (cities.Count > 0) return cities;
        if (NearestWord.Find(name, ids) is { } near) return [near];
        return NearestWord.Find(asCity, ids.Select(CityOf)) is { } city ? [ids.First(id => CityOf(id) == city)] : [];
    }

    private static string CityOf(string id) => id[(id.LastIndexOf('/') + 1)..];
}
