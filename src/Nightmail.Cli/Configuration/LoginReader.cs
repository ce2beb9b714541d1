using Nightmail.Core.Accounts;

namespace Nightmail.Cli.Configuration;

/// <summary>Reads the section <c>auth</c> of an SMTP server: a name, and a password or an access token from one place.</summary>
internal static class LoginReader
{
    private static readonly string[] Mechanisms = ["auto", "scram-sha-256", "plain", "login", "cram-md5", "oauthbearer", "xoauth2"];

    /// <summary>The login.</summary>
    public static SmtpLogin Read(ConfigSection section, Func<string, string?> variable)
    {
        var mechanism = section.Choice("mechanism", "auto", Mechanisms);
        var username = section.RequiredText("username");
        var passwords = Sources(section, "password", variable);
        var tokens = Sources(section, "token", variable);
        // Asking for it makes the key known.
        if (section.Has("refresh")) tokens.Add(Refresh(section.Section("refresh"), variable));
        else _ = section.Section("refresh");
        section.Done();

        if (passwords.Count > 0 && tokens.Count > 0) throw section.Error("username", $"both a password and an access token for \"{username}\": give one of them");
        var takesToken = mechanism is "oauthbearer" or "xoauth2";
        if (takesToken && tokens.Count == 0) throw section.Error("mechanism", $"{mechanism} logs in with an access token: give one of tokenCommand, tokenFile, tokenEnv, token, or a section refresh");
        if (tokens.Count > 0 && !takesToken && mechanism != "auto") throw section.Error("mechanism", $"{mechanism} logs in with a password, and there is an access token; write \"auto\", \"oauthbearer\" or \"xoauth2\"");
        var isToken = tokens.Count > 0;
        var source = (isToken ? tokens : passwords) switch
        {
            [var one] => one,
            [] => throw section.Error("username", $"no password for \"{username}\": give one of passwordCommand, passwordFile, passwordEnv, password; or for OAuth2 one of tokenCommand, tokenFile, tokenEnv, token, refresh"),
            _ when isToken => throw section.Error("username", "more than one access token: give one of tokenCommand, tokenFile, tokenEnv, token, refresh"),
            _ => throw section.Error("username", "more than one password: give one of passwordCommand, passwordFile, passwordEnv, password"),
        };
        return new(username, source, mechanism == "auto" ? null : mechanism.ToUpperInvariant()) { IsToken = isToken };
    }

    private static SecretSource.Refresh Refresh(ConfigSection section, Func<string, string?> variable)
    {
        var address = section.RequiredText("tokenEndpoint");
        var clientId = section.RequiredText("clientId");
        var secret = Sources(section, "clientSecret", variable);
        var tokens = Sources(section, "refreshToken", variable);
        var scope = section.Text("scope");
        section.Done();
        if (!Uri.TryCreate(address, UriKind.Absolute, out var endpoint) || (endpoint.Scheme != Uri.UriSchemeHttps && !(endpoint.Scheme == Uri.UriSchemeHttp && endpoint.IsLoopback)))
            throw section.Error("tokenEndpoint", $"\"{address}\" is no https address");
        if (secret.Count > 1) throw section.Error("clientId", "more than one client secret: give one of clientSecretCommand, clientSecretFile, clientSecretEnv, clientSecret");
        if (tokens.Count != 1) throw section.Error("clientId", $"{(tokens.Count == 0 ? "no" : "more than one")} refresh token: give one of refreshTokenCommand, refreshTokenFile, refreshTokenEnv, refreshToken");
        return new() { TokenEndpoint = endpoint, ClientId = clientId, ClientSecret = secret.FirstOrDefault(), RefreshToken = tokens[0], Scope = scope };
    }

    /// <summary>The places that the section names for one secret: <c>key</c>, <c>keyCommand</c>, <c>keyEnv</c>, <c>keyFile</c>.</summary>
    internal static List<SecretSource> Sources(ConfigSection section, string key, Func<string, string?> variable)
    {
        var sources = new List<SecretSource>();
        if (section.Secret(key) is { } literal) sources.Add(new SecretSource.Literal(literal));
        if (section.Text($"{key}Command") is { } command) sources.Add(new SecretSource.Command(command));
        if (section.Text($"{key}Env") is { } name) sources.Add(new SecretSource.Environment(name));
        if (section.Text($"{key}File") is { } file) sources.Add(new SecretSource.File(Paths.InConfiguration(section, file, variable)));
        return sources;
    }
}
