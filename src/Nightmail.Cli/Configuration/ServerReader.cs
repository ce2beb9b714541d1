using Nightmail.Core.Accounts;

namespace Nightmail.Cli.Configuration;

/// <summary>Reads the section <c>server</c>: where commands work instead of on the queue file.</summary>
internal static class ServerReader
{
    /// <summary>What it says.</summary>
    public static ServerSettings Read(ConfigSection section, Func<string, string?> variable)
    {
        var defaults = new ServerSettings();
        var url = section.Text("url");
        var keys = LoginReader.Sources(section, "key", variable);
        if (keys.Count > 1) throw section.Error("key", "more than one key: give one of keyCommand, keyFile, keyEnv, key");
        var server = new ServerSettings
        {
            Url = url is { Length: > 0 } ? url : null,
            Key = keys.FirstOrDefault(),
            AllowPlainHttp = section.Boolean("allowPlainHttp", defaults.AllowPlainHttp),
            Timeout = section.Duration("timeout", defaults.Timeout, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)),
        };
        section.Done();
        return server;
    }
}

/// <summary>The section <c>server</c>.</summary>
internal sealed record ServerSettings
{
    /// <summary>Its address; null: commands work on the queue file.</summary>
    public string? Url { get; init; }

    /// <summary>Where its key comes from; null: from the environment only.</summary>
    public SecretSource? Key { get; init; }

    /// <summary>True lets key and emails cross a network in the clear.</summary>
    public bool AllowPlainHttp { get; init; }

    /// <summary>How long an answer may take. The slowest answer of a busy server is one of seconds.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);
}
