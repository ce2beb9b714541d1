using Nightmail.Core.Scheduling;
using NodaTime;

namespace Nightmail.Cli;

/// <summary>The time zone of the machine, as its files and its environment give it.</summary>
internal static class LocalZone
{
    private const string LocaltimeLink = "/etc/localtime";
    private const string ZoneFile = "/etc/timezone";

    /// <summary>The zone; UTC where nothing gives one. What is wrong with what is given is said on <paramref name="error"/>.</summary>
    public static DateTimeZone Find(TextWriter error)
    {
        var machine = MachineZone.Find(new(Environment.GetEnvironmentVariable("TZ"), LinkTarget(), ZoneText()), TimeZoneRules.Default);
        if (machine.Warning is { } warning) error.Write($"warning: {Printing.Printable.OneLine(warning)}\n");
        return machine.Zone;
    }

    private static string? LinkTarget()
    {
        try
        {
            return File.ResolveLinkTarget(LocaltimeLink, returnFinalTarget: false)?.FullName;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string? ZoneText()
    {
        try
        {
            return File.Exists(ZoneFile) ? File.ReadAllText(ZoneFile) : null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
