using System.Globalization;
using Nightmail.Core.Emails;

namespace Nightmail.Cli.Himalaya;

/// <summary>Reads himalaya's configuration: what its generations 1 (<c>message.send.backend</c>) and 2 (<c>smtp.server</c>) say about sending.</summary>
internal static class HimalayaConfig
{
    /// <summary>What himalaya does besides sending, by the path of its key.</summary>
    private static readonly (string[] Path, string Note)[] NotTaken =
    [
        (["message", "send", "pre-hook"], "message.send.pre-hook is not taken over: messages go out as they are scheduled"),
        (["message", "send", "save-copy"], "message.send.save-copy is not taken over: no copy is put into the folder Sent"),
        (["signature"], "signature is not taken over: himalaya puts it into what it writes, nightmail adds nothing"),
        (["pgp"], "pgp is not taken over: nightmail neither signs nor encrypts by PGP"),
        (["smtp", "tls", "cert"], "smtp.tls.cert is not taken over: only certificates that the machine trusts are taken; add it there"),
    ];

    /// <summary>How generation 2 sends where it does not speak SMTP, by the name of the account's table.</summary>
    private static readonly (string Table, string Words)[] OtherWays = [("jmap", "JMAP"), ("gmail", "Gmail's own API"), ("msgraph", "Microsoft Graph")];

    /// <summary>The accounts, in the order of the file.</summary>
    /// <exception cref="FormatException">It is no TOML, or holds no accounts.</exception>
    public static IReadOnlyList<HimalayaAccount> Read(string text)
    {
        var root = TomlReader.Read(text);
        if (root.TableOf("accounts") is not { } accounts) throw new FormatException("it has no accounts: expected tables such as [accounts.work]");
        return [.. accounts.Members.Select(member => member.Value is TomlValue.Table table
            ? Account(member.Key, table, root)
            : new HimalayaAccount { Name = member.Key, Obstacle = "it is no table" })];
    }

    private static HimalayaAccount Account(string name, TomlValue.Table table, TomlValue.Table root)
    {
        var notes = NotTaken.Where(each => table.Find(each.Path) is { } found && found is not TomlValue.Word { Value: "false" }).Select(each => each.Note).ToList();
        var account = new HimalayaAccount { Name = name, IsDefault = table.TextOf("default") == "true", Notes = notes };
        try
        {
            var way = Way(name, table, notes);
            return account with { From = From(table, root), Transport = way };
        }
        catch (FormatException obstacle)
        {
            return account with { Obstacle = obstacle.Message };
        }
    }

    private static Action<System.Text.Json.Utf8JsonWriter> Way(string name, TomlValue.Table table, List<string> notes)
    {
        if (table.TextOf("smtp", "server") is { } url) return ServerOf(url, table.TableOf("smtp")!, notes).Write;
        if (table.TableOf("message", "send", "backend") is not { } backend)
        {
            foreach (var (key, words) in OtherWays)
                if (table.TableOf(key) is not null) throw new FormatException($"it sends by {words}, which nightmail does not speak; an account of type command that calls himalaya can");
            throw new FormatException(table.Find("sender") is not null || table.Find("smtp-host") is not null
                ? "it is written for a himalaya before version 1.0; let a newer one rewrite it first"
                : "it says nothing about sending: neither message.send.backend (1.x) nor smtp.server (2.x)");
        }

        var type = backend.TextOf("type");
        if (type == "smtp") return SmtpOf(name, backend, notes).Write;
        if (type != "sendmail") throw new FormatException($"message.send.backend.type is \"{type}\"; only smtp and sendmail are known");
        var command = HimalayaSecrets.CommandOf(backend.Find("cmd") ?? backend.Find("command")) ?? "/usr/sbin/sendmail -t -i";
        return json =>
        {
            json.WriteString("type", "command");
            json.WriteString("command", command);
        };
    }

    /// <summary>Generation 1: <c>message.send.backend.*</c>.</summary>
    private static HimalayaServer SmtpOf(string name, TomlValue.Table backend, List<string> notes)
    {
        var host = backend.TextOf("host") ?? throw new FormatException("message.send.backend.host is missing");
        var encryption = backend.TextOf("encryption", "type") ?? backend.TextOf("encryption") ?? "tls";
        var security = encryption switch
        {
            "tls" or "true" => "tls",
            "start-tls" or "starttls" => "starttls",
            "none" or "false" => "none",
            _ => throw new FormatException($"message.send.backend.encryption.type is \"{encryption}\"; tls, start-tls and none are known"),
        };
        var port = backend.TextOf("port") is { } number ? PortOf(number) : null;
        if (backend.TextOf("login") is not { } username) return new(host, port, security, null);
        var auth = backend.TableOf("auth") ?? throw new FormatException("message.send.backend.auth is missing");
        return new(host, port, security, (auth.TextOf("type") ?? "password") switch
        {
            "password" => new(username, null, HimalayaSecrets.Read(auth, "password", notes) ?? throw new FormatException("message.send.backend.auth has neither raw, cmd nor keyring")),
            "oauth2" => OAuth(name, username, auth, notes),
            var other => throw new FormatException($"message.send.backend.auth.type is \"{other}\"; password and oauth2 are known"),
        });
    }

    private static HimalayaLogin OAuth(string name, string username, TomlValue.Table auth, List<string> notes)
    {
        var mechanism = auth.TextOf("method") is "oauthbearer" ? "oauthbearer" : "xoauth2";
        var refresh = HimalayaSecrets.Read(auth.TableOf("refresh-token") ?? Keyring($"{name}-smtp-oauth2-refresh-token"), "refreshToken", notes)!;
        var secret = HimalayaSecrets.Read(auth.TableOf("client-secret"), "clientSecret", notes);
        var endpoint = auth.TextOf("token-url") ?? throw new FormatException("message.send.backend.auth.token-url is missing");
        var client = auth.TextOf("client-id") ?? throw new FormatException("message.send.backend.auth.client-id is missing");
        var scope = auth.TextOf("scope") ?? (auth.Find("scopes") is TomlValue.List list ? string.Join(' ', list.Items.OfType<TomlValue.Text>().Select(item => item.Value)) : null);
        notes.Add("its access tokens are fetched anew with the refresh token that himalaya got; himalaya's own are left alone");
        return new(username, mechanism, json =>
        {
            json.WriteStartObject("refresh");
            json.WriteString("tokenEndpoint", endpoint);
            json.WriteString("clientId", client);
            secret?.Invoke(json);
            refresh(json);
            if (scope is { Length: > 0 }) json.WriteString("scope", scope);
            json.WriteEndObject();
        });
    }

    /// <summary>Generation 2: <c>smtp.server</c>, <c>smtp.starttls</c>, <c>smtp.sasl.MECHANISM.*</c>.</summary>
    private static HimalayaServer ServerOf(string url, TomlValue.Table smtp, List<string> notes)
    {
        // Without a scheme it is TLS from the first byte.
        var full = url.Contains("://", StringComparison.Ordinal) ? url : $"smtps://{url}";
        if (!Uri.TryCreate(full, UriKind.Absolute, out var server) || server.Host.Length == 0 || server.Scheme is not ("smtp" or "smtps"))
            throw new FormatException($"smtp.server \"{url}\" is no address such as smtps://smtp.example.org:465");
        var security = server.Scheme == "smtps" ? "tls" : smtp.TextOf("starttls") == "true" ? "starttls" : "none";
        var port = server.Port > 0 ? server.Port : (int?)null;
        return new(server.Host, port, security, smtp.TableOf("sasl") is { } sasl ? LoginOf(sasl, notes) : null);
    }

    private static HimalayaLogin? LoginOf(TomlValue.Table sasl, List<string> notes)
    {
        foreach (var (mechanism, value) in sasl.Members)
        {
            if (value is not TomlValue.Table table || mechanism == "anonymous") continue;
            var username = table.TextOf("username") ?? table.TextOf("authcid") ?? table.TextOf("user") ?? table.TextOf("login")
                ?? throw new FormatException($"smtp.sasl.{mechanism}.username is missing");
            if (mechanism is "oauthbearer" or "xoauth2")
            {
                var token = HimalayaSecrets.Read(table.TableOf("token") ?? table.TableOf("access-token") ?? table.TableOf("password"), "token", notes);
                return new(username, mechanism, token ?? throw new FormatException($"smtp.sasl.{mechanism}.token has neither raw nor command"));
            }

            var known = mechanism switch { "plain" or "login" => mechanism, "scram-sha-256" => "scram-sha-256", "cram-md5" => "cram-md5", _ => throw new FormatException($"smtp.sasl.{mechanism} is a mechanism that is not known") };
            var password = HimalayaSecrets.Read(table.TableOf("password") ?? table.TableOf("passwd"), "password", notes);
            return new(username, known is "plain" or "login" ? known : null, password ?? throw new FormatException($"smtp.sasl.{mechanism}.password has neither raw nor command"));
        }

        return null;
    }

    private static string From(TomlValue.Table table, TomlValue.Table root)
    {
        // Generation 2 need not say it; whoever logs in is then who sends.
        var user = table.TableOf("smtp", "sasl")?.Members.Select(each => (each.Value as TomlValue.Table)?.TextOf("username")).FirstOrDefault(each => each?.Contains('@', StringComparison.Ordinal) ?? false);
        var address = table.TextOf("email") ?? user ?? throw new FormatException("email is missing, and no login is an address: whose emails are these?");
        if (!Mailbox.TryParse(address, out var mailbox, out var error)) throw new FormatException($"email \"{address}\" is not an address: {error}");
        var name = table.TextOf("display-name") ?? root.TextOf("display-name");
        return name is { Length: > 0 } ? (mailbox with { DisplayName = name }).ToString() : mailbox.ToString();
    }

    private static TomlValue.Table Keyring(string entry)
    {
        var table = new TomlValue.Table();
        table.Members.Add("keyring", new TomlValue.Text(entry));
        return table;
    }

    private static int? PortOf(string text) =>
        int.TryParse(text.Replace("_", "", StringComparison.Ordinal), NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : throw new FormatException($"the port {text} is no number");
}
