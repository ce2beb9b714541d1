using NodaTime;

namespace Nightmail.Core.Scheduling;

/// <summary>What a machine says about its time zone.</summary>
/// <param name="Variable">The environment variable <c>TZ</c>; null when it is not set.</param>
/// <param name="LocaltimeLink">Where the symbolic link <c>/etc/localtime</c> points to; null when it is not a link.</param>
/// <param name="EtcTimezone">The content of <c>/etc/timezone</c>; null when there is none.</param>
public sealed record ZoneClues(string? Variable, string? LocaltimeLink, string? EtcTimezone);

/// <summary>The zone in which a person at this machine speaks.</summary>
/// <param name="Zone">The zone.</param>
/// <param name="Warning">One line when the machine's settings cannot be read and UTC stands in for them; otherwise null.</param>
public sealed record MachineZone(DateTimeZone Zone, string? Warning)
{
    private const string Database = "zoneinfo/";

    /// <summary>
    /// The zone that the clues give: <c>TZ</c>, then the link <c>/etc/localtime</c>, which every other program on the machine goes by,
    /// then <c>/etc/timezone</c>, then UTC.
    /// </summary>
    public static MachineZone Find(ZoneClues clues, TimeZoneRules rules)
    {
        // POSIX: set but empty is UTC; a colon introduces a name or a file.
        if (clues.Variable is { } variable) return Named("TZ", variable.Length == 0 ? "UTC" : NameIn(variable.TrimStart(':')), rules);
        if (clues.LocaltimeLink is { } link && link.Contains(Database, StringComparison.Ordinal)) return Named("/etc/localtime", NameIn(link), rules);
        if (clues.EtcTimezone is { } file && file.Trim() is { Length: > 0 } name) return Named("/etc/timezone", name, rules);
        return new(DateTimeZone.Utc, null);
    }

    private static MachineZone Named(string source, string name, TimeZoneRules rules) => rules.TryFind(name, out var zone, out var error)
        ? new(zone, null)
        : new(DateTimeZone.Utc, $"{source}: {error} (times are taken as UTC; set timeZone in the configuration)");

    private static string NameIn(string path)
    {
        var at = path.IndexOf(Database, StringComparison.Ordinal);
        var name = at < 0 ? path : path[(at + Database.Length)..];
        return name.StartsWith("posix/", StringComparison.Ordinal) || name.StartsWith("right/", StringComparison.Ordinal) ? name[6..] : name;
    }
}
