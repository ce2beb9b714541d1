namespace Nightmail.Cli.Configuration;

/// <summary>Every key that was asked for, with what is in force and where that stands: for <c>config show</c>.</summary>
internal sealed class ConfigReadings
{
    private readonly List<ConfigReading> readings = [];

    /// <summary>The readings in the order of reading.</summary>
    public IReadOnlyList<ConfigReading> All => readings;

    /// <summary>Notes one.</summary>
    public void Add(string path, string? value, string? place) => readings.Add(new(path, value ?? "", place));
}

/// <summary>One key: its path, the value in force, and <c>file:line:column</c>, or null for the default.</summary>
internal sealed record ConfigReading(string Path, string Value, string? Place);
