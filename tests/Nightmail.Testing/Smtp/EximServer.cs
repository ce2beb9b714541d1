using System.Diagnostics;
using System.Text;
using Nightmail.Testing.Mime;

namespace Nightmail.Testing.Smtp;

/// <summary>
/// A whole exim with a configuration and a spool of its own in a temporary folder: STARTTLS and TLS, a login required, everybody at
/// <c>b.test</c> but a few. It keeps what it takes. Debian does not install it beside Postfix, so <c>./dev test</c> unpacks it below artifacts.
/// </summary>
public sealed class EximServer : IAsyncDisposable
{
    /// <summary>Who may send.</summary>
    public const string Username = "ada@nightmail.test";

    /// <summary>The password.</summary>
    public const string Password = "secret, and more";

    /// <summary>Debian's exim runs as a user that its installation makes; here another takes that name, in a view of the file system that nobody else has.</summary>
    private const string AsItsUser = """
        mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/group" /etc/group && exec "$2" -C "$1/exim.conf" -bdf
        """;

    private static readonly string Program = Path.Combine(NodePeers.Folder, "..", "..", "artifacts", "exim", "usr", "sbin", "exim4");

    private readonly string folder = Directory.CreateTempSubdirectory("nightmail-exim-").FullName;
    private GuardedProcess? process;

    private EximServer()
    {
    }

    /// <summary>The port with STARTTLS.</summary>
    public int Port { get; } = LoopbackPorts.Free();

    /// <summary>The port with TLS from the first byte.</summary>
    public int TlsPort { get; } = LoopbackPorts.Free();

    /// <summary>True where it can run: it was unpacked, and root may give it its user.</summary>
    public static bool CanRun => Environment.IsPrivilegedProcess && File.Exists(Program);

    /// <summary>Starts one that knows this certificate, and returns when it answers.</summary>
    public static async Task<EximServer> StartAsync(TestCertificate certificate)
    {
        var server = new EximServer();
        try
        {
            await server.ConfigureAsync(certificate);
            server.process = GuardedProcess.StartWatched("/usr/bin/unshare", ["-m", "/bin/sh", "-c", AsItsUser, "exim", server.folder, Program]);
            if (!await Waiting.UntilAsync(() => LoopbackPorts.Answers(server.Port) && LoopbackPorts.Answers(server.TlsPort))) throw new InvalidOperationException("exim does not answer: " + server.Log());
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until it has taken so many, and reads what it keeps of them: the recipients, and the text from its header's fields on.</summary>
    public async Task<IReadOnlyList<(IReadOnlyList<string> Recipients, string Text)>> WaitForAsync(int count)
    {
        if (!await Waiting.UntilAsync(() => Taken().Length >= count)) throw new TimeoutException($"{Taken().Length} of {count} taken: {Log()}");
        return [.. Taken().Select(Read)];
    }

    /// <summary>What it wrote down.</summary>
    public string Log() => File.Exists(Path.Combine(folder, "log", "main")) ? File.ReadAllText(Path.Combine(folder, "log", "main")) : process?.Errors ?? "";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (process is not null) await process.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>The header files of its spool: one is there when its message is safe.</summary>
    private string[] Taken()
    {
        var input = Path.Combine(folder, "spool", "input");
        return Directory.Exists(input) ? [.. Directory.GetFiles(input, "*-H").Order(StringComparer.Ordinal)] : [];
    }

    private static (IReadOnlyList<string> Recipients, string Text) Read(string headerFile)
    {
        // Names and numbers, an empty line, then each field behind its length and a letter; the recipients stand a line each before that.
        var header = File.ReadAllText(headerFile, Encoding.UTF8);
        var recipients = header[..header.IndexOf("\n\n", StringComparison.Ordinal)].Split('\n').Where(line => line.EndsWith("@b.test", StringComparison.Ordinal) && !line.StartsWith('-'));
        var body = File.ReadAllText(headerFile[..^1] + "D", Encoding.UTF8);
        return ([.. recipients], header[(header.IndexOf("\n\n", StringComparison.Ordinal) + 2)..] + "\n" + body[(body.IndexOf('\n', StringComparison.Ordinal) + 1)..]);
    }

    private async Task ConfigureAsync(TestCertificate certificate)
    {
        foreach (var name in (string[])["spool", "log"]) Directory.CreateDirectory(Path.Combine(folder, name));
        await File.WriteAllTextAsync(Path.Combine(folder, "certificate.pem"), certificate.CertificatePem);
        await File.WriteAllTextAsync(Path.Combine(folder, "key.pem"), certificate.KeyPem);
        await File.WriteAllTextAsync(Path.Combine(folder, "exim.conf"), Configuration());
        // The user that Debian's base system has for mail.
        await File.WriteAllTextAsync(Path.Combine(folder, "passwd"), await File.ReadAllTextAsync("/etc/passwd") + "Debian-exim:x:8:8::/nonexistent:/usr/sbin/nologin\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "group"), await File.ReadAllTextAsync("/etc/group") + "Debian-exim:x:8:\n");
        using var owning = Process.Start("/bin/sh", ["-c", "chmod 755 \"$0\" && chown -R 8:8 \"$0/spool\" \"$0/log\" && chgrp 8 \"$0/key.pem\" && chmod 640 \"$0/key.pem\" && chmod 644 \"$0/exim.conf\"", folder]);
        await owning.WaitForExitAsync();
    }

    private string Configuration() => $$$"""
        spool_directory = {{{folder}}}/spool
        log_file_path = {{{folder}}}/log/%s
        pid_file_path = {{{folder}}}/spool/pid
        primary_hostname = mx.nightmail.test
        local_interfaces = 127.0.0.1
        daemon_smtp_ports = {{{Port}}} : {{{TlsPort}}}
        tls_on_connect_ports = {{{TlsPort}}}
        tls_certificate = {{{folder}}}/certificate.pem
        tls_privatekey = {{{folder}}}/key.pem
        tls_advertise_hosts = *
        auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}
        queue_only
        host_lookup =
        keep_environment =
        message_size_limit = 100000
        recipients_max = 60
        acl_smtp_rcpt = recipient
        acl_smtp_data = accept

        begin acl
        recipient:
          deny !authenticated = *
               message = authentication required
          deny local_parts = unknown
               message = no such user
          defer local_parts = later
               message = come back later
          accept domains = b.test
          deny message = relay not permitted

        begin authenticators
        plain:
          driver = plaintext
          public_name = PLAIN
          server_prompts = :
          server_condition = ${if eq{$auth2:$auth3}{{{{Username}}}:{{{Password}}}}}
          server_set_id = $auth2
        cram:
          driver = cram_md5
          public_name = CRAM-MD5
          server_secret = ${if eq{$auth1}{{{{Username}}}} {{{{Password}}}} fail}
          server_set_id = $auth1

        """;
}
