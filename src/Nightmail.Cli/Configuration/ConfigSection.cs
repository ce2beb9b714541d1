using System.Globalization;
using Nightmail.Core.Scheduling;

namespace Nightmail.Cli.Configuration;

/// <summary>
/// Reads one section of the configuration key by key. Asking for a key makes it known; <see cref="Done"/> then refuses every other key
/// and names the nearest known one. A key is taken in camelCase and in snake_case; null means the default.
/// </summary>
internal sealed class ConfigSection
{
    private readonly ConfigDocument document;
    private readonly ConfigNode? node;
    private readonly ConfigReadings readings;
    private readonly List<string> known = [];

    /// <summary>The section of the document at <paramref name="path"/>; without a node every key has its default.</summary>
    public ConfigSection(ConfigDocument document, ConfigNode? node, string path, ConfigReadings readings)
    {
        this.document = document;
        this.node = node;
        this.readings = readings;
        Path = path;
        if (node is not null) RefuseDuplicates(node);
    }

    /// <summary>Where it stands: <c>scheduler.persistence</c>; empty for the outermost.</summary>
    public string Path { get; }

    /// <summary>The folder of the file, which relative paths in it are relative to.</summary>
    public string Folder => System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(document.Path))!;

    /// <summary>The keys that the file gives in this section, as it spells them.</summary>
    public IEnumerable<ConfigMember> Members => node?.Members ?? [];

    /// <summary>True when the file gives the key a value.</summary>
    public bool Has(string key) => Find(key) is not null;

    /// <summary>True when the file gives the key a list, be it of one.</summary>
    public bool IsList(string key) => Find(key) is { Value.Kind: ConfigKind.List };

    /// <summary>A section below this one.</summary>
    public ConfigSection Section(string key) => new(document, Find(key, ConfigKind.Section, "a section in braces { }")?.Value, PathOf(key), readings);

    /// <summary>The section of a member whose key is not fixed (an account's name).</summary>
    public ConfigSection Section(ConfigMember member)
    {
        known.Add(member.Key);
        if (member.Value.Kind != ConfigKind.Section) throw Wrong(member, "a section in braces { }");
        return new(document, member.Value, PathOf(member.Key), readings);
    }

    /// <summary>A string, or null where there is none.</summary>
    public string? Text(string key)
    {
        var member = Find(key, ConfigKind.Text, "a string");
        readings.Add(PathOf(key), member?.Value.Text, PlaceOf(member));
        return member?.Value.Text;
    }

    /// <summary>A secret: read like a string, never shown.</summary>
    public string? Secret(string key)
    {
        var member = Find(key, ConfigKind.Text, "a string");
        readings.Add(PathOf(key), member is null ? null : "***", PlaceOf(member));
        return member?.Value.Text;
    }

    /// <summary>A string that must be there.</summary>
    public string RequiredText(string key) => Text(key) ?? throw Missing(key);

    /// <summary>A list of strings; a single string is a list of one.</summary>
    public IReadOnlyList<string> Texts(string key)
    {
        var member = Find(key);
        IReadOnlyList<string> texts = member?.Value switch
        {
            null => [],
            { Kind: ConfigKind.Text } one => [one.Text],
            { Kind: ConfigKind.List } list => [.. list.Items.Select(item => item.Kind == ConfigKind.Text ? item.Text : throw document.Error(item.Offset, $"a string was expected, not {item.KindInWords}"))],
            _ => throw Wrong(member, "a list of strings"),
        };
        readings.Add(PathOf(key), string.Join(", ", texts), PlaceOf(member));
        return texts;
    }

    /// <summary>true or false.</summary>
    public bool Boolean(string key, bool otherwise)
    {
        var member = Find(key, ConfigKind.Boolean, "true or false");
        var value = member is null ? otherwise : member.Value.Text == "true";
        readings.Add(PathOf(key), value ? "true" : "false", PlaceOf(member));
        return value;
    }

    /// <summary>A whole number within bounds.</summary>
    public int Number(string key, int otherwise, int least, int most)
    {
        var member = Find(key, ConfigKind.Number, "a number");
        var value = otherwise;
        if (member is not null && (!int.TryParse(member.Value.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) || value < least || value > most))
            throw At(member, $"{Describe(member)} must be a whole number from {least} to {most}");
        readings.Add(PathOf(key), value.ToString(CultureInfo.InvariantCulture), PlaceOf(member));
        return value;
    }

    /// <summary>A whole number within bounds, or null where there is none.</summary>
    public int? OptionalNumber(string key, int least, int most)
    {
        if (Has(key)) return Number(key, least, least, most);
        readings.Add(PathOf(key), null, null);
        return null;
    }

    /// <summary>A number of bytes: <c>26214400</c>, <c>"25MB"</c>, <c>"512 KB"</c>; null where there is none.</summary>
    public long? Size(string key)
    {
        var member = Find(key);
        long? value = member?.Value.Kind switch
        {
            null => null,
            ConfigKind.Number or ConfigKind.Text => Sizes.Parse(member.Value.Text) ?? throw At(member, $"{Describe(member)} must be a number of bytes, or a size such as \"512KB\" or \"25MB\""),
            _ => throw Wrong(member, "a number of bytes, or a size such as \"25MB\""),
        };
        readings.Add(PathOf(key), value?.ToString(CultureInfo.InvariantCulture), PlaceOf(member));
        return value;
    }

    /// <summary>A share from 0 to 1.</summary>
    public double Share(string key, double otherwise)
    {
        var member = Find(key, ConfigKind.Number, "a number");
        var value = otherwise;
        if (member is not null && (!double.TryParse(member.Value.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) || value is < 0 or > 1))
            throw At(member, $"{Describe(member)} must be from 0 to 1");
        readings.Add(PathOf(key), value.ToString(CultureInfo.InvariantCulture), PlaceOf(member));
        return value;
    }

    /// <summary>A length of time: <c>90s</c>, <c>5m</c>, <c>4h</c>, <c>5d</c>, <c>1500ms</c>, <c>00:05:00</c>.</summary>
    /// <param name="key">The key.</param>
    /// <param name="otherwise">The default.</param>
    /// <param name="numberUnit">What a bare number counts; null: a bare number is refused.</param>
    /// <param name="least">The shortest that makes sense.</param>
    public TimeSpan Duration(string key, TimeSpan otherwise, TimeSpan? numberUnit = null, TimeSpan least = default)
    {
        var member = Find(key);
        var value = otherwise;
        if (member is not null)
        {
            var read = member.Value.Kind switch
            {
                ConfigKind.Text => Durations.Parse(member.Value.Text),
                ConfigKind.Number when numberUnit is { } unit && double.TryParse(member.Value.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var count) => Durations.Times(unit, count),
                _ => null,
            };
            value = read ?? throw At(member, $"{Describe(member)} must be a length of time such as \"90s\", \"5m\", \"4h\", \"5d\", \"1500ms\" or \"00:05:00\"");
            if (value < least) throw At(member, $"{Describe(member)} must be at least {Durations.Format(least)}");
        }

        readings.Add(PathOf(key), Durations.Format(value), PlaceOf(member));
        return value;
    }

    /// <summary>One of a fixed set of words, letter case aside, in the spelling of <paramref name="words"/>.</summary>
    public string Choice(string key, string otherwise, params string[] words)
    {
        // Words, not values of any type: generic code over types of ours would be compiled at every start.
        var member = Find(key, ConfigKind.Text, "a string");
        var value = member is null ? otherwise : Array.Find(words, word => string.Equals(word, member.Value.Text, StringComparison.OrdinalIgnoreCase));
        if (value is null) throw At(member!, $"{Describe(member!)} must be {string.Join(" or ", words.Select(word => $"\"{word}\""))}");
        readings.Add(PathOf(key), value, PlaceOf(member));
        return value;
    }

    /// <summary>Refuses every key that nobody asked for.</summary>
    /// <exception cref="ConfigException">There is one; the message names the nearest known key.</exception>
    public void Done()
    {
        foreach (var member in Members)
        {
            if (known.Contains(Camel(member.Key)) || known.Contains(member.Key)) continue;
            var nearest = NearestWord.Find(Camel(member.Key), known);
            throw document.Error(member.Offset, $"unknown key \"{member.Key}\"{(Path.Length == 0 ? "" : $" in {Path}")}; {(nearest is null ? $"known are {string.Join(", ", known)}" : $"did you mean \"{nearest}\"?")}");
        }
    }

    /// <summary>An error about the value of a key, or about the section where the key is absent.</summary>
    public ConfigException Error(string key, string problem) => Find(key) is { } member ? At(member, problem) : document.Error(node?.Offset ?? 0, problem);

    /// <summary>The error that a key is not there.</summary>
    public ConfigException Missing(string key) => document.Error(node?.Offset ?? 0, $"\"{key}\" is missing{(Path.Length == 0 ? "" : $" in {Path}")}");

    private static string Camel(string key)
    {
        if (!key.Contains('_', StringComparison.Ordinal)) return key;
        var words = key.Split('_', StringSplitOptions.RemoveEmptyEntries);
        return string.Concat(words.Select((word, index) => index == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));
    }

    private ConfigMember? Find(string key)
    {
        if (!known.Contains(key)) known.Add(key);
        var member = node?.Members.Find(member => Camel(member.Key) == key);
        return member is null or { Value.Kind: ConfigKind.Null } ? null : member;
    }

    private ConfigMember? Find(string key, ConfigKind kind, string expected)
    {
        var member = Find(key);
        return member is null || member.Value.Kind == kind ? member : throw Wrong(member, expected);
    }

    private void RefuseDuplicates(ConfigNode section)
    {
        foreach (var group in section.Members.GroupBy(member => Camel(member.Key)))
            if (group.Skip(1).FirstOrDefault() is { } second) throw document.Error(second.Offset, $"\"{group.Key}\" is given twice");
    }

    private string Describe(ConfigMember member) => $"\"{member.Key}\"{(Path.Length == 0 ? "" : $" in {Path}")}";

    private ConfigException Wrong(ConfigMember member, string expected) => At(member, $"{Describe(member)} must be {expected}, not {member.Value.KindInWords}");

    private ConfigException At(ConfigMember member, string problem) => document.Error(member.Value.Offset, problem);

    private string PathOf(string key) => Path.Length == 0 ? key : $"{Path}.{key}";

    private string? PlaceOf(ConfigMember? member) => member is null ? null : document.Place(member.Value.Offset);
}
