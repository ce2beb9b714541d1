using System.Text.Json;
using Nightmail.Core.Accounts;

namespace Nightmail.Cli.Remote;

/// <summary>The accounts of a server, made, tried and removed over its API.</summary>
internal sealed class RemoteAccounts(ServerClient server)
{
    /// <summary>Makes an account.</summary>
    /// <exception cref="CommandFailure">It cannot be made.</exception>
    public async Task AddAsync(string name, Action<Utf8JsonWriter> write, CancellationToken cancellationToken)
    {
        var reply = await server.SendAsync(ServerRequest.Of(HttpMethod.Post, "api/accounts", json =>
        {
            json.WriteString("name", name);
            write(json);
        }), cancellationToken);
        if (reply is { Status: 409, Detail: { } taken }) throw CommandFailure.Refused($"{taken}; remove it first, or choose another name");
        if (!reply.IsDone) throw ServerRefusal.Of(reply, server.Address);
    }

    /// <summary>Takes an account out.</summary>
    /// <returns>False if there is none of that name.</returns>
    public async Task<bool> RemoveAsync(string name, CancellationToken cancellationToken)
    {
        var reply = await server.SendAsync(new(HttpMethod.Delete, Path(name)), cancellationToken);
        return reply.IsDone || (reply is { Status: 404, Detail: not null } ? false : throw ServerRefusal.Of(reply, server.Address));
    }

    /// <summary>Has the server connect and log in through an account, and send nothing.</summary>
    /// <returns>What it found; null: there is no account of that name.</returns>
    public async Task<(string? Reason, string? Error, IReadOnlyList<string> Offers)?> TestAsync(string name, CancellationToken cancellationToken)
    {
        var reply = await server.SendAsync(ServerRequest.Of(HttpMethod.Post, $"{Path(name)}/test"), cancellationToken);
        if (reply is { Status: 404, Detail: { } words } && !words.StartsWith("there is nothing", StringComparison.Ordinal)) return null;
        if (!reply.IsDone) throw ServerRefusal.Of(reply, server.Address);
        return reply.Body.FlagOf("works") ? (null, null, reply.Body.TextsOf("offers")) : (reply.Body.TextOf("reason") ?? "", reply.Body.TextOf("error") ?? "it does not say why", []);
    }

    /// <summary>Reads the password that an account on a server is to get; it goes there and is kept encrypted.</summary>
    public static async Task<string?> PasswordAsync(string? command, string? file, string? variable, Session session, CancellationToken cancellationToken)
    {
        SecretSource? source = command is not null ? new SecretSource.Command(command) : file is not null ? new SecretSource.File(System.IO.Path.GetFullPath(file)) : variable is not null ? new SecretSource.Environment(variable) : null;
        if (source is null) return null;
        var (value, error) = await Composition.SecretAsync(source, session.Surroundings, cancellationToken);
        return value ?? throw CommandFailure.Refused($"no password for the account: {error}");
    }

    private static string Path(string name) => $"api/accounts/{Uri.EscapeDataString(name)}";
}
