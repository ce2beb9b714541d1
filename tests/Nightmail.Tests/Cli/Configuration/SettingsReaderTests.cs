using System.Text;
using Nightmail.Cli.Configuration;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Configuration;

public sealed class SettingsReaderTests
{
    [Fact]
    public void An_empty_file_gives_every_default()
    {
        var settings = Read("");

        settings.UndoDelay.ShouldBe(TimeSpan.FromSeconds(60));
        settings.Delivery.InDoubt.ShouldBe(DoubtPolicy.Hold);
        settings.Persistence.ShouldBe(new());
        settings.Circuit.ShouldBe(new());
        settings.Delivery.Deferral.ShouldBe(new());
        settings.Retention.ShouldBe(TimeSpan.FromDays(7));
        settings.Accounts.ShouldBeEmpty();
    }

    [Fact]
    public void Comments_trailing_commas_and_snake_case_are_taken()
    {
        var settings = Read("""
            // what an older file looks like
            { "scheduler": { "persistence": { "queue_file": "q.json", "lock_timeout": 2500, "sync_interval": 20, /* here too */ "backup_dir": "b" }, },
              "undo_delay": "2m", "in_doubt": "retry", }
            """);

        settings.Persistence.QueueFile.ShouldBe("q.json");
        settings.Persistence.LockTimeout.ShouldBe(TimeSpan.FromMilliseconds(2500));
        settings.Persistence.SyncInterval.ShouldBe(TimeSpan.FromSeconds(20));
        settings.Persistence.BackupDirectory.ShouldBe("b");
        settings.UndoDelay.ShouldBe(TimeSpan.FromMinutes(2));
        settings.Delivery.InDoubt.ShouldBe(DoubtPolicy.Retry);
    }

    [Theory]
    [InlineData("90s", 90_000)]
    [InlineData("5m", 300_000)]
    [InlineData("4h", 14_400_000)]
    [InlineData("5d", 432_000_000)]
    [InlineData("1500ms", 1_500)]
    [InlineData("1.5s", 1_500)]
    [InlineData("00:05:00", 300_000)]
    [InlineData("1.02:00:00", 93_600_000)]
    public void A_length_of_time_is_read(string text, double milliseconds) =>
        Durations.Parse(text).ShouldBe(TimeSpan.FromMilliseconds(milliseconds));

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("-5s")]
    [InlineData("5 weeks")]
    [InlineData("s")]
    [InlineData("99999999d")]
    [InlineData("1e300d")]
    [InlineData("NaNs")]
    public void What_is_no_length_of_time_is_not_read(string text) => Durations.Parse(text).ShouldBeNull();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_500)]
    [InlineData(60_000)]
    [InlineData(5_400_000)]
    [InlineData(432_000_000)]
    public void A_length_of_time_is_written_as_it_is_read(double milliseconds) =>
        Durations.Parse(Durations.Format(TimeSpan.FromMilliseconds(milliseconds))).ShouldBe(TimeSpan.FromMilliseconds(milliseconds));

    [Theory]
    [InlineData("{ \"undoDely\": \"1m\" }", "c.json:1:3: unknown key \"undoDely\"; did you mean \"undoDelay\"?")]
    [InlineData("{\n  \"scheduler\": { \"persistance\": {} }\n}", "c.json:2:18: unknown key \"persistance\" in scheduler; did you mean \"persistence\"?")]
    [InlineData("{ \"undoDelay\": true }", "c.json:1:16: \"undoDelay\" must be a length of time such as \"90s\", \"5m\", \"4h\", \"5d\", \"1500ms\" or \"00:05:00\"")]
    [InlineData("{ \"retry\": { \"maxAttempts\": \"three\" } }", "c.json:1:29: \"maxAttempts\" in retry must be a number, not a string")]
    [InlineData("{ \"retry\": { \"maxAttempts\": 0 } }", "c.json:1:29: \"maxAttempts\" in retry must be a whole number from 1 to 100")]
    [InlineData("{ \"retry\": [] }", "c.json:1:12: \"retry\" must be a section in braces { }, not a list")]
    [InlineData("{ \"deferral\": { \"jitter\": 2 } }", "c.json:1:27: \"jitter\" in deferral must be from 0 to 1")]
    [InlineData("{ \"inDoubt\": \"ask\" }", "c.json:1:14: \"inDoubt\" must be \"hold\" or \"retry\"")]
    [InlineData("{ \"undoDelay\": \"1m\", \"undo_delay\": \"2m\" }", "c.json:1:22: \"undoDelay\" is given twice")]
    [InlineData("{ \"timeZone\": \"Europe/Berlni\" }", "c.json:1:15: there is no time zone 'Europe/Berlni'; perhaps Europe/Berlin?")]
    [InlineData("[]", "c.json:1:1: a section in braces { } was expected")]
    [InlineData("{ \"ü\": 1,\n\"ää\": { \"x\": 1 }, \"y\": }", "c.json:2:24: ")]
    public void A_mistake_names_file_line_and_column(string text, string message) =>
        Should.Throw<ConfigException>(() => Read(text)).Message.ShouldStartWith(message);

    [Fact]
    public void An_smtp_account_is_read_with_its_port_by_its_security()
    {
        var account = Read("""{ "accounts": { "work": { "from": "Ada <ada@example.org>", "may_send_as": "*@lovelace.example", "transport": { "type": "smtp", "host": "mx", "security": "tls", "auth": { "username": "ada", "passwordCommand": "pass show x" } } } } }""").Accounts.ShouldHaveSingleItem();

        account.IsDefault.ShouldBeTrue();
        account.MaySendAs.ShouldBe(["*@lovelace.example"]);
        account.Transport.ShouldBe(new TransportSettings.Smtp { Host = "mx", Port = 465, Security = SmtpSecurity.Tls, Login = new("ada", new SecretSource.Command("pass show x")) });
    }

    [Fact]
    public void The_first_account_is_the_default_one_unless_another_says_so()
    {
        var two = """{ "accounts": { "a": { "from": "a@x.example", "transport": { "type": "folder", "path": "/o" } }, "b": { "from": "b@x.example"DEFAULT, "transport": { "type": "folder", "path": "/o" } } } }""";

        Read(two.Replace("DEFAULT", "", StringComparison.Ordinal)).Accounts.Single(account => account.IsDefault).Name.ShouldBe("a");
        Read(two.Replace("DEFAULT", ", \"default\": true", StringComparison.Ordinal)).Accounts.Single(account => account.IsDefault).Name.ShouldBe("b");
    }

    [Fact]
    public void An_account_has_a_place_among_others_and_limits()
    {
        var account = Read("""{ "accounts": { "a": { "from": "a@x.example", "enabled": false, "priority": 2, "weight": 3, "time_zone": "Europe/Berlin", "transport": { "type": "folder", "path": "/o" }, "limits": { "per_minute": 30, "perHour": 200, "perDay": 500, "perCampaign": 90, "connections": 2 } } } }""").Accounts.ShouldHaveSingleItem();

        (account.IsEnabled, account.Priority, account.Weight, account.Zone?.Id).ShouldBe((false, 2, 3, "Europe/Berlin"));
        account.Limits.ShouldBe(new AccountLimits { Connections = 2, PerMinute = 30, PerHour = 200, PerDay = 500, PerCampaign = 90 });
    }

    [Theory]
    [InlineData("{ \"transport\": { \"type\": \"folder\", \"path\": \"/o\" } }", "\"from\" is missing in accounts.a")]
    [InlineData("{ \"from\": \"not an address\", \"transport\": { \"type\": \"folder\", \"path\": \"/o\" } }", "\"not an address\" is not an address")]
    [InlineData("{ \"from\": \"a@x.example\", \"transport\": { \"type\": \"command\", \"command\": \"c | d\" } }", "the command cannot be read at position 3: '|', which only a shell understands")]
    [InlineData("{ \"from\": \"a@x.example\", \"transport\": { \"type\": \"smtp\" } }", "\"host\" is missing in accounts.a.transport")]
    [InlineData("{ \"from\": \"a@x.example\", \"transport\": { \"type\": \"smtp\", \"host\": \"h\", \"auth\": { \"username\": \"u\" } } }", "no password for \"u\"")]
    [InlineData("{ \"from\": \"a@x.example\", \"transport\": { \"type\": \"smtp\", \"host\": \"h\", \"auth\": { \"username\": \"u\", \"password\": \"p\", \"passwordEnv\": \"P\" } } }", "more than one password")]
    [InlineData("{ \"from\": \"a@x.example\", \"transport\": { \"type\": \"smtp\", \"host\": \"h\", \"prot\": 25 } }", "unknown key \"prot\" in accounts.a.transport; did you mean \"port\"?")]
    public void A_mistake_in_an_account_is_named(string account, string message) =>
        Should.Throw<ConfigException>(() => Read($"{{ \"accounts\": {{ \"a\": {account} }} }}")).Message.ShouldContain(message);

    [Fact]
    public void A_password_is_never_shown()
    {
        var settings = Read("""{ "accounts": { "a": { "from": "a@x.example", "transport": { "type": "smtp", "host": "h", "auth": { "username": "u", "password": "geheim" } } } } }""");

        settings.Readings.ShouldContain(reading => reading.Path == "accounts.a.transport.auth.password" && reading.Value == "***");
        settings.ToString().ShouldNotContain("geheim");
        string.Join('\n', settings.Accounts).ShouldNotContain("geheim");
    }

    [Theory]
    [InlineData("26214400", 26214400L)]
    [InlineData("\"25MB\"", 25_000_000L)]
    [InlineData("\"25 MiB\"", 26214400L)]
    [InlineData("\"512kb\"", 512_000L)]
    [InlineData("\"7\"", 7L)]
    [InlineData("null", null)]
    public void A_message_size_is_a_number_of_bytes_or_has_a_unit(string written, long? bytes) =>
        Read($$"""{ "accounts": { "a": { "from": "a@x.example", "transport": { "type": "folder", "path": "/o" }, "limits": { "messageSize": {{written}} } } } }""")
            .Accounts.Single().Limits.MessageSize.ShouldBe(bytes);

    [Theory]
    [InlineData("0")]
    [InlineData("-5")]
    [InlineData("\"25 cows\"")]
    [InlineData("\"99999999 TB\"")]
    [InlineData("true")]
    public void No_other_message_size_is_taken(string written) => Should.Throw<ConfigException>(
        () => Read($$"""{ "accounts": { "a": { "from": "a@x.example", "transport": { "type": "folder", "path": "/o" }, "limits": { "messageSize": {{written}} } } } }"""))
        .Message.ShouldContain("messageSize");

    private static Settings Read(string text) => SettingsReader.Read("c.json", Encoding.UTF8.GetBytes(text), _ => null);
}
