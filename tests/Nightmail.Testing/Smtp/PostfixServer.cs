using System.Diagnostics;

namespace Nightmail.Testing.Smtp;

/// <summary>
/// A whole Postfix with a configuration, a queue and passwords of its own in a temporary folder, on two free loopback ports: STARTTLS and
/// TLS, a login required, mailboxes for everybody at <c>b.test</c>. It touches nothing of a Postfix that the machine may have.
/// </summary>
public sealed class PostfixServer : IAsyncDisposable
{
    /// <summary>Who may send.</summary>
    public const string Username = "ada@nightmail.test";

    /// <summary>The password.</summary>
    public const string Password = "sécret, and more";

    private readonly string folder = Directory.CreateTempSubdirectory("nightmail-postfix-").FullName;
    private GuardedProcess? process;

    private PostfixServer()
    {
    }

    /// <summary>The port with STARTTLS.</summary>
    public int Port { get; } = LoopbackPorts.Free();

    /// <summary>The port with TLS from the first byte.</summary>
    public int TlsPort { get; } = LoopbackPorts.Free();

    /// <summary>True where it can run: its master changes to another user, which only root may.</summary>
    public static bool CanRun => Environment.IsPrivilegedProcess;

    /// <summary>Starts one that knows this certificate, and returns when it answers.</summary>
    public static async Task<PostfixServer> StartAsync(TestCertificate certificate)
    {
        var server = new PostfixServer();
        try
        {
            await server.ConfigureAsync(certificate);
            server.process = GuardedProcess.StartWatched("/usr/sbin/postfix", ["-c", server.folder, "start-fg"]);
            if (!await Waiting.UntilAsync(() => LoopbackPorts.Answers(server.Port) && LoopbackPorts.Answers(server.TlsPort))) throw new InvalidOperationException("Postfix does not answer: " + server.Log());
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The messages it has delivered, whole.</summary>
    public IReadOnlyList<string> Delivered()
    {
        var mailbox = Path.Combine(folder, "mail", "all", "new");
        return Directory.Exists(mailbox) ? [.. Directory.GetFiles(mailbox).Order(StringComparer.Ordinal).Select(File.ReadAllText)] : [];
    }

    /// <summary>Waits until it has delivered so many.</summary>
    public async Task<IReadOnlyList<string>> WaitForAsync(int count)
    {
        if (!await Waiting.UntilAsync(() => Delivered().Count >= count)) throw new TimeoutException($"{Delivered().Count} of {count} delivered: {Log()}");
        return Delivered();
    }

    /// <summary>What it wrote down.</summary>
    public string Log() => File.Exists(Path.Combine(folder, "postfix.log")) ? File.ReadAllText(Path.Combine(folder, "postfix.log")) : process?.Errors ?? "";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // Its helpers end with their master, and that in order when it is asked.
        if (process is not null)
        {
            await RunAsync("/usr/sbin/postfix -c \"$0\" stop", folder);
            await process.DisposeAsync();
        }

        Directory.Delete(folder, recursive: true);
    }

    private async Task ConfigureAsync(TestCertificate certificate)
    {
        foreach (var name in (string[])["queue", "data", "mail", "sasl"]) Directory.CreateDirectory(Path.Combine(folder, name));
        await File.WriteAllTextAsync(Path.Combine(folder, "certificate.pem"), certificate.CertificatePem);
        await File.WriteAllTextAsync(Path.Combine(folder, "key.pem"), certificate.KeyPem);
        await File.WriteAllTextAsync(Path.Combine(folder, "sasl", "smtpd.conf"), $"""
            pwcheck_method: auxprop
            auxprop_plugin: sasldb
            sasldb_path: {folder}/sasldb
            mech_list: PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256

            """);
        await File.WriteAllTextAsync(Path.Combine(folder, "main.cf"), MainCf());
        await File.WriteAllTextAsync(Path.Combine(folder, "master.cf"), MasterCf());
        // The daemons run as Postfix's own user, who has to reach what is theirs.
        await RunAsync(
            "umask 077; printf %s \"$1\" | /usr/sbin/saslpasswd2 -p -c -f \"$0/sasldb\" -u nightmail.test ada && chown postfix \"$0/sasldb\" \"$0/data\" \"$0/mail\" && chmod 755 \"$0\"", folder, Password);
    }

    private string MainCf() => $$"""
        compatibility_level = 3.6
        queue_directory = {{folder}}/queue
        data_directory = {{folder}}/data
        command_directory = /usr/sbin
        daemon_directory = /usr/lib/postfix/sbin
        myhostname = mx.nightmail.test
        mydestination =
        alias_maps =
        local_recipient_maps =
        inet_interfaces = 127.0.0.1
        inet_protocols = ipv4
        maillog_file = {{folder}}/postfix.log
        maillog_file_prefixes = {{folder}}
        virtual_mailbox_domains = b.test
        virtual_mailbox_base = {{folder}}/mail
        virtual_mailbox_maps = static:all/
        virtual_uid_maps = static:{{IdOf("-u")}}
        virtual_gid_maps = static:{{IdOf("-g")}}
        virtual_mailbox_limit = 0
        message_size_limit = 100000
        smtpd_tls_cert_file = {{folder}}/certificate.pem
        smtpd_tls_key_file = {{folder}}/key.pem
        smtpd_tls_security_level = encrypt
        smtpd_tls_auth_only = yes
        smtpd_sasl_auth_enable = yes
        smtpd_sasl_local_domain = nightmail.test
        cyrus_sasl_config_path = {{folder}}/sasl
        smtpd_recipient_limit = 60
        smtpd_recipient_restrictions = check_recipient_access inline:{unknown@b.test=REJECT,later@b.test=DEFER}, permit_sasl_authenticated, reject
        smtpd_relay_restrictions = permit_sasl_authenticated, reject

        """;

    private string MasterCf() => $"""
        127.0.0.1:{Port} inet n - n - - smtpd
        127.0.0.1:{TlsPort} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
        pickup unix n - n 60 1 pickup
        cleanup unix n - n - 0 cleanup
        qmgr unix n - n 300 1 qmgr
        tlsmgr unix - - n 1000? 1 tlsmgr
        rewrite unix - - n - - trivial-rewrite
        bounce unix - - n - 0 bounce
        defer unix - - n - 0 bounce
        error unix - - n - - error
        retry unix - - n - - error
        proxymap unix - - n - - proxymap
        virtual unix - n n - - virtual
        anvil unix - - n - 1 anvil
        postlog unix-dgram n - n - 1 postlogd

        """;

    private static string IdOf(string option)
    {
        using var id = Process.Start(new ProcessStartInfo("/usr/bin/id", [option, "postfix"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        return id.StandardOutput.ReadToEnd().Trim();
    }

    private static async Task RunAsync(string script, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script, .. arguments]) { RedirectStandardError = true, UseShellExecute = false })!;
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{script}: {errors}");
    }
}
