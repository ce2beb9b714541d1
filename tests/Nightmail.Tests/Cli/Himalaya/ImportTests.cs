using System.Text;
using Nightmail.Cli.Configuration;
using Nightmail.Core.Accounts;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Himalaya;

public sealed class ImportTests : IDisposable
{
    private readonly CliWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task Generation_1_with_a_server()
    {
        var (account, result) = await ImportAsync("""
            display-name = "Ada Lovelace"
            [accounts.work]
            default = true
            email = "ada@example.org"
            signature = "Regards"
            backend.type = "imap"
            backend.host = "imap.example.org"
            message.send.save-copy = true
            message.send.backend.type = "smtp"
            message.send.backend.host = "smtp.example.org"
            message.send.backend.port = 587
            message.send.backend.encryption.type = "start-tls"
            message.send.backend.login = "ada"
            message.send.backend.auth.type = "password"
            message.send.backend.auth.cmd = "pass show work"
            """);
        account.From.ShouldBe("Ada Lovelace <ada@example.org>");
        account.IsDefault.ShouldBeTrue();
        account.Transport.ShouldBe(new TransportSettings.Smtp { Host = "smtp.example.org", Port = 587, Security = SmtpSecurity.StartTls, Login = new("ada", new SecretSource.Command("pass show work")) });
        result.Error.ShouldContain("work: message.send.save-copy is not taken over");
        result.Error.ShouldContain("work: signature is not taken over");
    }

    [Theory]
    [InlineData("raw = \"geheim\"", "geheim", null)]
    [InlineData("keyring = \"work-smtp\"", null, "secret-tool lookup service himalaya-cli username work-smtp")]
    [InlineData("command = [\"pass\", \"show\", \"two words\"]", null, "pass show 'two words'")]
    public async Task A_password_is_taken_from_wherever_it_is(string secret, string? literal, string? command)
    {
        var (account, result) = await ImportAsync($"""
            [accounts.work]
            email = "ada@example.org"
            [accounts.work.message.send.backend]
            type = "smtp"
            host = "mx"
            login = "ada"
            auth.{secret}
            """);
        var smtp = account.Transport.ShouldBeOfType<TransportSettings.Smtp>();
        (smtp.Port, smtp.Security).ShouldBe((465, SmtpSecurity.Tls));
        smtp.Login!.Password.ShouldBe(literal is null ? new SecretSource.Command(command!) : new SecretSource.Literal(literal));
        $"{result.Output}{result.Error}".ShouldNotContain("geheim");
    }

    [Theory]
    [InlineData("smtp.server = \"smtps://mx.example.org:4650\"", 4650, SmtpSecurity.Tls)]
    [InlineData("smtp.server = \"mx.example.org\"", 465, SmtpSecurity.Tls)]
    [InlineData("smtp.server = \"smtp://mx.example.org:587\"\nsmtp.starttls = true", 587, SmtpSecurity.StartTls)]
    [InlineData("smtp.server = \"smtp://mx.example.org:2525\"", 2525, SmtpSecurity.None)]
    public async Task Generation_2_names_its_server_by_address(string server, int port, SmtpSecurity security)
    {
        var (account, _) = await ImportAsync($"""
            [accounts.work]
            email = "ada@example.org"
            {server}
            smtp.sasl.plain.authcid = "ada"
            smtp.sasl.plain.password.command = "pass show work"
            """);
        account.Transport.ShouldBe(new TransportSettings.Smtp { Host = "mx.example.org", Port = port, Security = security, Login = new("ada", new SecretSource.Command("pass show work"), "PLAIN") });
    }

    [Fact]
    public async Task What_cannot_be_taken_over_is_named_and_the_rest_is_taken()
    {
        world.WithConfig("""
            { // mine
              "accounts": { "there": { "from": "a@x.example", "transport": { "type": "folder", "path": "o" } } }
            }
            """);
        var file = world.Write("config.toml", """
            [accounts.there]
            email = "a@x.example"
            smtp.server = "mx"
            [accounts.reader]
            email = "b@x.example"
            backend.type = "maildir"
            [accounts.ancient]
            email = "c@x.example"
            sender = "smtp"
            [accounts.strange]
            email = "d@x.example"
            smtp.server = "mx"
            smtp.sasl.gssapi.username = "d"
            [accounts.good]
            email = "e@x.example"
            smtp.server = "mx"
            """);
        var result = await world.RunAsync("account", "import", "himalaya", file);
        (result.ExitCode, result.Output).ShouldBe((0, $"took over good into {world.ConfigFile}\n"));
        result.Error.ShouldContain("not taken over: there: there is an account of that name already");
        result.Error.ShouldContain("not taken over: reader: it says nothing about sending");
        result.Error.ShouldContain("not taken over: ancient: it is written for a himalaya before version 1.0");
        result.Error.ShouldContain("not taken over: strange: smtp.sasl.gssapi is a mechanism that is not known");
        (await File.ReadAllTextAsync(world.ConfigFile, TestContext.Current.CancellationToken)).ShouldContain("{ // mine");
    }

    [Fact]
    public async Task A_file_that_is_none_is_refused()
    {
        (await world.RunAsync("account", "import", "himalaya")).Error.ShouldContain("there is no such file");
        (await world.RunAsync("account", "import", "himalaya", world.Write("c.toml", "a = "))).Error.ShouldContain("line 1: a value was expected");
        (await world.RunAsync("account", "import", "himalaya", world.Write("c.toml", "a = 1"))).Error.ShouldContain("it has no accounts");
        (await world.RunAsync("account", "import", "mutt")).ExitCode.ShouldBe(2);
        File.Exists(world.ConfigFile).ShouldBeFalse();
    }

    private async Task<(Account Account, CliResult Result)> ImportAsync(string toml)
    {
        Directory.CreateDirectory(Path.Combine(world.Folder, ".config", "himalaya"));
        world.Write(Path.Combine(".config", "himalaya", "config.toml"), toml);
        var result = await world.RunAsync("account", "import", "himalaya");
        result.ExitCode.ShouldBe(0, result.Error);
        var settings = SettingsReader.Read(world.ConfigFile, Encoding.UTF8.GetBytes(await File.ReadAllTextAsync(world.ConfigFile)), _ => null);
        return (settings.Accounts.ShouldHaveSingleItem(), result);
    }
}
