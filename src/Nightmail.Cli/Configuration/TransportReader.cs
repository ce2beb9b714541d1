using Nightmail.Core.Accounts;

namespace Nightmail.Cli.Configuration;

/// <summary>Reads an account's <c>transport</c> section.</summary>
internal static class TransportReader
{
    private const int SubmissionPort = 587;
    private const int ImplicitTlsPort = 465;
    private const int PlainPort = 25;

    /// <summary>The way out.</summary>
    public static TransportSettings Read(ConfigSection section, Func<string, string?> variable)
    {
        var type = section.RequiredText("type");
        TransportSettings transport = type switch
        {
            "smtp" => Smtp(section, variable),
            "folder" => new TransportSettings.Folder(FullPath(section, section.RequiredText("path"), variable)),
            "command" => throw section.Error("type", "the transport \"command\" is not available in this version; write \"smtp\" or \"folder\""),
            _ => throw section.Error("type", $"unknown transport \"{type}\"; write \"smtp\" or \"folder\""),
        };
        section.Done();
        return transport;
    }

    private static TransportSettings.Smtp Smtp(ConfigSection section, Func<string, string?> variable)
    {
        var security = section.Choice("security", "starttls", "starttls", "tls", "none") switch { "tls" => SmtpSecurity.Tls, "none" => SmtpSecurity.None, _ => SmtpSecurity.StartTls };
        return new()
        {
            Host = section.RequiredText("host"),
            Security = security,
            Port = section.Number("port", security switch { SmtpSecurity.Tls => ImplicitTlsPort, SmtpSecurity.None => PlainPort, _ => SubmissionPort }, 1, 65535),
            CheckCertificate = section.Boolean("checkCertificate", otherwise: true),
            HelloName = section.Text("helloName"),
            Login = section.Has("auth") ? Login(section.Section("auth"), variable) : NoLogin(section),
        };
    }

    private static SmtpLogin? NoLogin(ConfigSection section)
    {
        // Asking for it makes the key known.
        _ = section.Section("auth");
        return null;
    }

    private static SmtpLogin Login(ConfigSection section, Func<string, string?> variable)
    {
        var mechanism = section.Choice("mechanism", "auto", "auto", "plain", "login", "xoauth2", "oauthbearer");
        if (mechanism is "xoauth2" or "oauthbearer") throw section.Error("mechanism", $"{mechanism} is not available in this version; write \"auto\", \"plain\" or \"login\"");
        var username = section.RequiredText("username");
        var sources = new List<SecretSource>();
        if (section.Secret("password") is { } password) sources.Add(new SecretSource.Literal(password));
        if (section.Text("passwordCommand") is { } command) sources.Add(new SecretSource.Command(command));
        if (section.Text("passwordEnv") is { } name) sources.Add(new SecretSource.Environment(name));
        if (section.Text("passwordFile") is { } file) sources.Add(new SecretSource.File(FullPath(section, file, variable)));
        section.Done();
        return sources.Count switch
        {
            1 => new(username, sources[0], mechanism == "auto" ? null : mechanism.ToUpperInvariant()),
            0 => throw section.Error("username", $"no password for \"{username}\": give one of passwordCommand, passwordFile, passwordEnv, password"),
            _ => throw section.Error("username", "more than one password: give one of passwordCommand, passwordFile, passwordEnv, password"),
        };
    }

    // A relative path means the same file wherever the program is started.
    private static string FullPath(ConfigSection section, string path, Func<string, string?> variable) =>
        Path.GetFullPath(Paths.ExpandHome(path, variable), section.Folder);
}
