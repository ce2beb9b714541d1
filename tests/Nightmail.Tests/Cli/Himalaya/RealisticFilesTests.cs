using System.Text;
using Nightmail.Cli.Configuration;
using Nightmail.Core.Accounts;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Himalaya;

/// <summary>Whole files as people have them, of both generations: comments, colours, folders, signatures, and several accounts in one.</summary>
public sealed class RealisticFilesTests : IDisposable
{
    /// <summary>Generation 1.</summary>
    private const string First = """"
        # what I see
        display-name = "Ada Lovelace"
        downloads-dir = "~/Downloads"
        signature-delim = "-- \n"
        signature = """
        Ada
        "I never am really satisfied"
        """

        [accounts.work]
        default = true
        email = "ada@analytical.example" # the engine's
        folder.aliases = { inbox = "INBOX", sent = "Sent Items", "drafts" = 'Drafts' }
        envelope.list.page-size = 50
        envelope.list.table.unseen-char = "✉"
        envelope.list.table.id-color = { Rgb = { r = 0xff, g = 128, b = 0 } }
        template.new.signature-style = "inlined"

        [accounts.work.backend]
        type = "imap"
        host = "imap.analytical.example"
        port = 993
        encryption.type = "tls"
        login = "ada"
        auth.type = "password"
        auth.cmd = "pass show work"

        [accounts.work.message.send]
        save-copy = false
        pre-hook = "sed s/teh/the/"

        [accounts.work.message.send.backend]
        type = 'smtp'
        host = "smtp.analytical.example"
        port = 1_587
        encryption.type = "start-tls"
        login = "ada"
        auth.type = "password"
        auth.command = "pass show work"

        [accounts."g mail"]
        email = "ada@gmail.example"
        message.send.backend.type = "sendmail"

        [accounts.gmail]
        email = "ada@gmail.example"
        backend.type = "imap"
        backend.host = "imap.gmail.example"
        message.send.backend.type = "smtp"
        message.send.backend.host = "smtp.gmail.example"
        message.send.backend.port = 465
        message.send.backend.encryption.type = "tls"
        message.send.backend.login = "ada@gmail.example"
        message.send.backend.auth.type = "oauth2"
        message.send.backend.auth.method = "xoauth2"
        message.send.backend.auth.client-id = "me"
        message.send.backend.auth.client-secret.keyring = "gmail-oauth2-client-secret"
        message.send.backend.auth.access-token.keyring = "gmail-oauth2-access-token"
        message.send.backend.auth.refresh-token.keyring = "gmail-oauth2-refresh-token"
        message.send.backend.auth.auth-url = "https://accounts.gmail.example/o/oauth2/v2/auth"
        message.send.backend.auth.token-url = "https://www.gmail.example/oauth2/v3/token"
        message.send.backend.auth.pkce = true
        message.send.backend.auth.scopes = [
          "https://mail.gmail.example/", # all of it
        ]

        [accounts.archive]
        email = "ada@old.example"
        backend.type = "maildir"
        backend.root-dir = "~/Mail"
        message.send.backend.type = "none"

        [accounts.local]
        email = "ada@hut.example"
        backend.type = "notmuch"
        message.send.backend.type = "sendmail"
        message.send.backend.cmd = ["/usr/bin/msmtp", "-t", "--read-envelope-from"]
        pgp.type = "gpg"
        """";

    /// <summary>Generation 2.</summary>
    private const string Second = """
        downloads-dir = "~/downloads"
        table.preset = "││──╞═╪╡┆    ┬┴┌┐└┘"
        envelope.list.datetime-fmt = "%F %R%:z"
        mailbox.alias.sent = "[Gmail]/Sent Mail"

        [accounts.plain]
        default = true
        imap.server = "imaps://imap.one.example:993"
        imap.sasl.plain.username = "ada@one.example"
        imap.sasl.plain.password.command = "pass show one"
        imap.id.fields = { name = true, version = true, "support-url" = false }
        smtp.server = "smtp.one.example:587"
        smtp.alpn = []
        smtp.tls.provider = "rustls"
        smtp.sasl.plain.username = "ada@one.example"
        smtp.sasl.plain.password.command = ["pass", "show", "one mail"]

        [accounts.started]
        email = "ada@two.example"
        smtp.server = "smtp://smtp.two.example"
        smtp.starttls = true
        smtp.tls.cert = "/home/ada/cert.pem"
        [accounts.started.smtp.sasl.scram-sha-256]
        username = "ada"
        password.raw = "geheim"

        [accounts.token]
        smtp.server = "smtps://smtp.three.example"
        smtp.sasl.oauthbearer.username = "ada@three.example"
        smtp.sasl.oauthbearer.token.command = ["ortie", "token", "show", "-a", "three"]

        [accounts.relay]
        email = "ada@four.example"
        smtp.server = "smtp://127.0.0.1:2525"
        smtp.sasl.anonymous.message = "himalaya"

        [accounts.fast]
        jmap.server = "fast.example"
        jmap.auth.bearer.token.raw = "geheim"

        [accounts.office]
        email = "ada@office.example"
        msgraph.auth.token.command = ["ortie", "token", "show"]

        [accounts.nobody]
        smtp.server = "smtp.five.example"
        smtp.sasl.login.username = "ada"
        smtp.sasl.login.password.raw = "geheim"
        """;

    private readonly CliWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task Generation_1()
    {
        var (accounts, result) = await ImportAsync(First);
        accounts.Keys.ShouldBe(["work", "gmail", "local"]);
        accounts["work"].IsDefault.ShouldBeTrue();
        accounts["work"].From.ShouldBe("Ada Lovelace <ada@analytical.example>");
        accounts["work"].Transport.ShouldBe(new TransportSettings.Smtp
        {
            Host = "smtp.analytical.example", Port = 1587, Security = SmtpSecurity.StartTls, Login = new("ada", new SecretSource.Command("pass show work")),
        });
        var login = ((TransportSettings.Smtp)accounts["gmail"].Transport).Login!;
        (login.Username, login.Mechanism, login.IsToken).ShouldBe(("ada@gmail.example", "XOAUTH2", true));
        var refresh = login.Password.ShouldBeOfType<SecretSource.Refresh>();
        refresh.TokenEndpoint.ShouldBe(new Uri("https://www.gmail.example/oauth2/v3/token"));
        (refresh.ClientId, refresh.Scope).ShouldBe(("me", "https://mail.gmail.example/"));
        refresh.RefreshToken.ShouldBe(new SecretSource.Command("secret-tool lookup service himalaya-cli username gmail-oauth2-refresh-token"));
        refresh.ClientSecret.ShouldBe(new SecretSource.Command("secret-tool lookup service himalaya-cli username gmail-oauth2-client-secret"));
        accounts["local"].Transport.ShouldBeOfType<TransportSettings.Command>().Words.ShouldBe(["/usr/bin/msmtp", "-t", "--read-envelope-from"]);

        result.Error.ShouldContain("work: message.send.pre-hook is not taken over");
        result.Error.ShouldNotContain("save-copy", Case.Sensitive, "it was switched off");
        result.Error.ShouldContain("local: pgp is not taken over");
        result.Error.ShouldContain("gmail: its refresh token lies in the system's keyring");
        result.Error.ShouldContain("not taken over: archive: message.send.backend.type is \"none\"");
        result.Error.ShouldContain("not taken over: g mail:");
    }

    [Fact]
    public async Task Generation_2()
    {
        var (accounts, result) = await ImportAsync(Second);
        accounts.Keys.ShouldBe(["plain", "started", "token", "relay"]);
        accounts["plain"].From.ShouldBe("ada@one.example");
        accounts["plain"].Transport.ShouldBe(new TransportSettings.Smtp
        {
            Host = "smtp.one.example", Port = 587, Security = SmtpSecurity.Tls, Login = new("ada@one.example", new SecretSource.Command("pass show 'one mail'"), "PLAIN"),
        });
        accounts["started"].Transport.ShouldBe(new TransportSettings.Smtp
        {
            Host = "smtp.two.example", Port = 587, Security = SmtpSecurity.StartTls, Login = new("ada", new SecretSource.Literal("geheim")),
        });
        accounts["token"].From.ShouldBe("ada@three.example");
        accounts["token"].Transport.ShouldBe(new TransportSettings.Smtp
        {
            Host = "smtp.three.example", Port = 465, Security = SmtpSecurity.Tls,
            Login = new("ada@three.example", new SecretSource.Command("ortie token show -a three"), "OAUTHBEARER") { IsToken = true },
        });
        accounts["relay"].Transport.ShouldBe(new TransportSettings.Smtp { Host = "127.0.0.1", Port = 2525, Security = SmtpSecurity.None });

        result.Error.ShouldContain("started: smtp.tls.cert is not taken over");
        result.Error.ShouldNotContain("plain: smtp.tls");
        result.Error.ShouldContain("started: its password stands readable in the configuration");
        result.Error.ShouldContain("not taken over: fast: it sends by JMAP, which nightmail does not speak");
        result.Error.ShouldContain("not taken over: office: it sends by Microsoft Graph");
        result.Error.ShouldContain("not taken over: nobody: email is missing, and no login is an address");
        $"{result.Output}{result.Error}".ShouldNotContain("geheim");
    }

    private async Task<(Dictionary<string, Account> Accounts, CliResult Result)> ImportAsync(string toml)
    {
        var result = await world.RunAsync("account", "import", "himalaya", world.Write("config.toml", toml));
        result.ExitCode.ShouldBe(0, result.Error);
        var settings = SettingsReader.Read(world.ConfigFile, Encoding.UTF8.GetBytes(await File.ReadAllTextAsync(world.ConfigFile, TestContext.Current.CancellationToken)), _ => null);
        return (settings.Accounts.ToDictionary(account => account.Name), result);
    }
}
