namespace Nightmail.Cli.Configuration;

/// <summary>What kind of JSON value a node is.</summary>
internal enum ConfigKind
{
    /// <summary>null, which means the default.</summary>
    Null,

    /// <summary>true or false.</summary>
    Boolean,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A string.</summary>
    Text,

    /// <summary>An array.</summary>
    List,

    /// <summary>An object.</summary>
    Section,
}

/// <summary>One value of the configuration file and where it stands.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Offset">The byte at which it begins.</param>
/// <param name="Text">A string's content, a number's or a boolean's spelling.</param>
internal sealed record ConfigNode(ConfigKind Kind, int Offset, string Text)
{
    /// <summary>The items of a list.</summary>
    public List<ConfigNode> Items { get; } = [];

    /// <summary>The members of a section, in the order of the file.</summary>
    public List<ConfigMember> Members { get; } = [];

    /// <summary>The kind in words, for errors.</summary>
    public string KindInWords => Kind switch
    {
        ConfigKind.Null => "null",
        ConfigKind.Boolean => Text,
        ConfigKind.Number => "a number",
        ConfigKind.Text => "a string",
        ConfigKind.List => "a list",
        _ => "a section",
    };
}

/// <summary>A key with its value, and the byte at which the key begins.</summary>
internal sealed record ConfigMember(string Key, int Offset, ConfigNode Value);
