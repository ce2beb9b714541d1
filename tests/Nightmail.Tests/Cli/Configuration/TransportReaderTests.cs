using System.Text;
using Nightmail.Cli.Configuration;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Configuration;

/// <summary>How the ways out are worded: logins with tokens, commands, reports, signing keys.</summary>
public sealed class TransportReaderTests
{
    [Fact]
    public void A_token_that_is_refreshed_has_a_section_of_its_own()
    {
        var login = Smtp("""
            "auth": { "username": "ada", "mechanism": "xoauth2", "refresh": { "tokenEndpoint": "https://id.example/token", "clientId": "c",
              "clientSecretEnv": "S", "refreshTokenFile": "t", "scope": "mail" } }
            """).Login!;

        (login.IsToken, login.Mechanism).ShouldBe((true, "XOAUTH2"));
        login.Password.ShouldBe(new SecretSource.Refresh
        {
            TokenEndpoint = new("https://id.example/token"),
            ClientId = "c",
            ClientSecret = new SecretSource.Environment("S"),
            RefreshToken = new SecretSource.File("/etc/n/t"),
            Scope = "mail",
        });
    }

    [Theory]
    [InlineData("""{ "username": "u", "tokenCommand": "oauth u" }""", null, true)]
    [InlineData("""{ "username": "u", "token": "t", "mechanism": "oauthbearer" }""", "OAUTHBEARER", true)]
    [InlineData("""{ "username": "u", "passwordEnv": "P", "mechanism": "scram-sha-256" }""", "SCRAM-SHA-256", false)]
    [InlineData("""{ "username": "u", "password": "p", "mechanism": "CRAM-MD5" }""", "CRAM-MD5", false)]
    public void A_login_has_a_password_or_a_token(string auth, string? mechanism, bool isToken)
    {
        var login = Smtp($"\"auth\": {auth}").Login!;

        (login.Mechanism, login.IsToken).ShouldBe((mechanism, isToken));
    }

    [Theory]
    [InlineData("""{ "username": "u", "token": "t", "password": "p" }""", "both a password and an access token")]
    [InlineData("""{ "username": "u", "token": "t", "tokenEnv": "p" }""", "more than one access token")]
    [InlineData("""{ "username": "u", "token": "t", "mechanism": "plain" }""", "plain logs in with a password")]
    [InlineData("""{ "username": "u", "password": "p", "mechanism": "xoauth2" }""", "xoauth2 logs in with an access token")]
    [InlineData("""{ "username": "u", "refresh": { "tokenEndpoint": "http://id.example/", "clientId": "c", "refreshToken": "r" } }""", "is no https address")]
    [InlineData("""{ "username": "u", "refresh": { "tokenEndpoint": "https://id.example/", "clientId": "c" } }""", "no refresh token")]
    public void A_login_that_cannot_work_is_named(string auth, string message) =>
        Should.Throw<ConfigException>(() => Smtp($"\"auth\": {auth}")).Message.ShouldContain(message);

    [Fact]
    public void No_token_is_shown()
    {
        var settings = Read(""" "type": "smtp", "host": "h", "auth": { "username": "u", "refresh": { "tokenEndpoint": "https://id.example/", "clientId": "c", "clientSecret": "geheim1", "refreshToken": "geheim2" } } """);

        (settings + string.Join('\n', settings.Accounts) + string.Join('\n', settings.Readings)).ShouldNotContain("geheim");
    }

    [Fact]
    public void A_command_is_split_and_its_exit_codes_can_be_reworded()
    {
        var command = (TransportSettings.Command)Read("""
            "type": "command", "command": "~/bin/send -a 'the hut' -- {recipients}", "timeLimit": "90s", "takesEightBit": true, "exitCodes": { "1": "deferred", "74": "bounced" }
            """).Accounts[0].Transport;

        command.Words.ShouldBe(["/home/ada/bin/send", "-a", "the hut", "--", "{recipients}"]);
        command.TimeLimit.ShouldBe(TimeSpan.FromSeconds(90));
        command.TakesEightBit.ShouldBeTrue();
        command.ExitCodes.ShouldBe(new Dictionary<int, Verdict> { [1] = Verdict.Deferred, [74] = Verdict.Bounced });
    }

    [Fact]
    public void A_list_is_program_and_arguments_as_they_are() =>
        ((TransportSettings.Command)Read("\"type\": \"command\", \"command\": [\"/opt/my mailer\", \"$x\"]").Accounts[0].Transport).Words.ShouldBe(["/opt/my mailer", "$x"]);

    [Theory]
    [InlineData("\"type\": \"command\"", "\"command\" is missing")]
    [InlineData("\"type\": \"command\", \"command\": []", "begins with no program")]
    [InlineData("\"type\": \"command\", \"command\": \"m\", \"exitCodes\": { \"x\": \"deferred\" }", "\"x\" is no exit code")]
    [InlineData("\"type\": \"command\", \"command\": \"m\", \"exitCodes\": { \"1\": \"lost\" }", "must be \"delivered\" or")]
    [InlineData("\"type\": \"smtp\", \"host\": \"h\", \"reports\": { \"notify\": [\"always\"] }", "\"always\" is nothing that a server reports")]
    [InlineData("\"type\": \"smtp\", \"host\": \"h\", \"reports\": { \"notify\": [\"never\", \"delay\"] }", "\"never\" stands alone")]
    public void A_mistake_is_named(string transport, string message) => Should.Throw<ConfigException>(() => Read(transport)).Message.ShouldContain(message);

    [Fact]
    public void Reports_are_what_the_server_is_asked_for()
    {
        var reports = Smtp("\"reports\": { \"notify\": [\"failure\", \"delay\"], \"return\": \"full\" }").Reports!;

        reports.Notify.ShouldBe(["FAILURE", "DELAY"]);
        reports.ReturnsWhole.ShouldBeTrue();
        Smtp("\"port\": 25").Reports.ShouldBeNull();
    }

    [Fact]
    public void A_signing_key_lies_beside_the_configuration()
    {
        var account = Account("\"from\": \"a@x.example\", \"transport\": { \"type\": \"folder\", \"path\": \"/o\" }, \"dkim\": { \"domain\": \"x.example\", \"selector\": \"s1\", \"keyFile\": \"key.pem\" }").Accounts[0];

        account.Dkim.ShouldBe(new DkimSettings("x.example", "s1", "/etc/n/key.pem"));
    }

    private static TransportSettings.Smtp Smtp(string more) => (TransportSettings.Smtp)Read($"\"type\": \"smtp\", \"host\": \"h\", {more}").Accounts[0].Transport;

    private static Settings Read(string transport) => Account($"\"from\": \"a@x.example\", \"transport\": {{ {transport} }}");

    private static Settings Account(string members) =>
        SettingsReader.Read("/etc/n/config.json", Encoding.UTF8.GetBytes($"{{ \"accounts\": {{ \"a\": {{ {members} }} }} }}"), name => name == "HOME" ? "/home/ada" : null);
}
