using Nightmail.Cli.Configuration;
using Nightmail.Core.Accounts;

namespace Nightmail.Cli.Remote;

/// <summary>Finds the key to a server. It never stands among a command's words, where every user of the machine can read it.</summary>
internal static class ServerKey
{
    /// <summary>The variable that holds a key.</summary>
    public const string Variable = "NIGHTMAIL_API_KEY";

    /// <summary>The variable that names a file with a key.</summary>
    public const string FileVariable = "NIGHTMAIL_API_KEY_FILE";

    /// <summary>What to do to have a key.</summary>
    public const string HowTo = $"put a key into {Variable}, or name its file in {FileVariable} (the server's first key lies in api-key in its data folder), or set \"server\": {{ \"keyFile\": … }} in the configuration";

    /// <summary>The key; null: none is known.</summary>
    /// <exception cref="CommandFailure">There should be one and it cannot be read.</exception>
    public static async Task<string?> FindAsync(ServerAddress address, Session session, CancellationToken cancellationToken)
    {
        var variable = session.Surroundings.Variable;
        if (variable(Variable) is { } set && set.Trim() is { Length: > 0 } key) return Checked(key, Variable);
        if (variable(FileVariable) is { Length: > 0 } path) return await ReadAsync(new SecretSource.File(Path.GetFullPath(Paths.ExpandHome(path, variable))), FileVariable, session, cancellationToken);

        // The configuration's key belongs to the configuration's server, and to no other that somebody names.
        var settings = session.Settings.Server;
        return settings.Key is { } source && (settings.Url is null || address.IsAt(settings.Url)) ? await ReadAsync(source, "the configuration's server.key", session, cancellationToken) : null;
    }

    private static async Task<string> ReadAsync(SecretSource source, string origin, Session session, CancellationToken cancellationToken)
    {
        var (value, error) = source is SecretSource.Environment(var name) ? (session.Surroundings.Variable(name), $"the variable {name} is not set") : await Composition.SecretAsync(source, session.Surroundings, cancellationToken);
        return string.IsNullOrWhiteSpace(value) ? throw CommandFailure.Refused($"no key for the server from {origin}: {error?.Replace("the password", "the key", StringComparison.Ordinal)}") : Checked(value.Trim(), origin);
    }

    // It goes into a header line.
    private static string Checked(string key, string origin) =>
        key.All(letter => letter is > ' ' and <= '~') ? key : throw CommandFailure.Refused($"what {origin} gives is no key: it has letters that no key has");
}
