namespace Nightmail.Cli.Himalaya;

/// <summary>A value of a TOML file, as far as himalaya's configuration needs them apart.</summary>
internal abstract record TomlValue
{
    private TomlValue()
    {
    }

    /// <summary>A string.</summary>
    public sealed record Text(string Value) : TomlValue;

    /// <summary>A number, a truth value or a time, as it is spelt.</summary>
    public sealed record Word(string Value) : TomlValue;

    /// <summary>An array.</summary>
    public sealed record List(IReadOnlyList<TomlValue> Items) : TomlValue;

    /// <summary>A table.</summary>
    public sealed record Table : TomlValue
    {
        /// <summary>Its members by key.</summary>
        public Dictionary<string, TomlValue> Members { get; } = [];

        /// <summary>The value at the end of a path of keys, or null.</summary>
        public TomlValue? Find(params ReadOnlySpan<string> keys)
        {
            TomlValue? found = this;
            foreach (var key in keys) found = found is Table table && table.Members.TryGetValue(key, out var next) ? next : null;
            return found;
        }

        /// <summary>The string there, or null.</summary>
        public string? TextOf(params ReadOnlySpan<string> keys) => Find(keys) switch { Text text => text.Value, Word word => word.Value, _ => null };

        /// <summary>The table there, or null.</summary>
        public Table? TableOf(params ReadOnlySpan<string> keys) => Find(keys) as Table;
    }
}
