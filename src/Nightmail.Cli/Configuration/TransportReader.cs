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
            "folder" => new TransportSettings.Folder(Paths.InConfiguration(section, section.RequiredText("path"), variable)),
            "command" => CommandReader.Read(section, variable),
            _ => throw section.Error("type", $"unknown transport \"{type}\"; write \"smtp\", \"command\" or \"folder\""),
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
            Reports = Reports(section.Section("reports")),
            Login = section.Has("auth") ? LoginReader.Read(section.Section("auth"), variable) : NoLogin(section),
        };
    }

    private static SmtpLogin? NoLogin(ConfigSection section)
    {
        // Asking for it makes the key known.
        _ = section.Section("auth");
        return null;
    }

    private static DeliveryReports? Reports(ConfigSection section)
    {
        var notify = section.Texts("notify");
        var whole = section.Choice("return", "headers", "headers", "full") == "full";
        section.Done();
        if (notify.Count == 0) return null;
        if (notify.FirstOrDefault(word => word is not ("success" or "failure" or "delay" or "never")) is { } unknown)
            throw section.Error("notify", $"\"{unknown}\" is nothing that a server reports; write \"success\", \"failure\", \"delay\", or \"never\" alone");
        if (notify.Contains("never") && notify.Count > 1) throw section.Error("notify", "\"never\" stands alone");
        return new([.. notify.Distinct().Select(word => word.ToUpperInvariant())], whole);
    }
}
