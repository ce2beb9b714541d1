using Nightmail.Cli;
using Nightmail.Cli.Sendmail;
using Nightmail.Core.Emails;
using Nightmail.Store.File;
using Nightmail.Store.File.Disk;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Commands;

public sealed class SendmailTests : IDisposable
{
    private const string Letter = "From: Ada <ada@example.org>\nTo: Grace <grace@example.net>\nBcc: secret@example.net\nSubject: Hello\n\nGood morning.\n";
    private readonly CliWorld world = new CliWorld().WithAccount();

    public void Dispose() => world.Dispose();

    [Theory]
    [InlineData("-t", "--recipients-from-header")]
    [InlineData("-i", "--dots-end-nothing")]
    [InlineData("-oi", "--dots-end-nothing")]
    [InlineData("-ti", "--recipients-from-header --dots-end-nothing")]
    [InlineData("-f ada@x.example", "--sender ada@x.example")]
    [InlineData("-fada@x.example", "--sender ada@x.example")]
    [InlineData("-F Ada", "--name Ada")]
    [InlineData("-bm -oem -odb -B8BITMIME -N never -Rhdrs -Venv -em -Am -G -U -n -O x=y -h 3", "")]
    [InlineData("--at 9:00 a@x.example -oi b@x.example", "--at 9:00 --dots-end-nothing -- a@x.example b@x.example")]
    [InlineData("-- -odd@x.example", "-- -odd@x.example")]
    public void The_arguments_of_the_past_are_understood(string given, string meant)
    {
        string[] wanted = ["sendmail", .. meant.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        SendmailArguments.Translate(["sendmail", .. given.Split(' ')], "nightmail").ShouldBe(wanted);
        SendmailArguments.Translate(given.Split(' '), "sendmail").ShouldBe(wanted);
        SendmailArguments.Translate(["--queue", "q.json", "sendmail", .. given.Split(' ')], "nightmail").ShouldBe(["--queue", "q.json", .. wanted]);
        SendmailArguments.Translate(given.Split(' '), "nightmail").ShouldBe(given.Split(' '));
    }

    [Theory]
    [InlineData("-bs")]
    [InlineData("-q30m")]
    [InlineData("-z")]
    [InlineData("-f")]
    public void What_it_does_not_do_is_refused(string word) => Should.Throw<CommandFailure>(() => SendmailArguments.Translate(["sendmail", word], "nightmail"));

    [Fact]
    public async Task A_message_goes_to_those_that_its_header_names()
    {
        (await world.RunWithInputAsync(Letter, "sendmail", "-t", "-i")).ShouldBe(new(0, "", ""));
        var email = await OnlyAsync();
        email.Content.AllMailboxes.ShouldBe(["Grace <grace@example.net>", "secret@example.net"]);
        (email.Content.From, email.Content.Subject, email.ScheduledFor).ShouldBe(("Ada <ada@example.org>", "Hello", world.Time.GetUtcNow()));
        var message = await SentAsync();
        message.ShouldContain("Good morning.");
        message.ShouldNotContain("secret");
    }

    [Fact]
    public async Task Without_t_it_goes_to_those_that_are_named_alone()
    {
        (await world.RunWithInputAsync(Letter, "sendmail", "-i", "bob@example.com")).ExitCode.ShouldBe(0);
        (await OnlyAsync()).Content.AllMailboxes.ShouldBe(["bob@example.com"]);
        (await world.RunWithInputAsync(Letter, "sendmail", "-i")).ShouldBe(new(2, "", "nightmail: sendmail: nobody to send it to: name a recipient, or give -t for those in its header\n"));
    }

    [Theory]
    [InlineData("X-Send-At: tomorrow 9:00\n", "2026-11-23T08:00:00Z")]
    [InlineData("Deferred-Delivery: Mon, 23 Nov 2026 18:30:00 +0100\n", "2026-11-23T17:30:00Z")]
    [InlineData("Deferred-Delivery: Mon, 23 Nov 2020 18:30:00 +0100\n", "2026-11-22T08:00:00Z")]
    [InlineData("", "2026-11-22T08:00:00Z")]
    public async Task The_header_may_say_when_and_then_no_longer_does(string field, string due)
    {
        (await world.RunWithInputAsync(field + Letter, "sendmail", "-t", "-i")).ExitCode.ShouldBe(0);
        (await OnlyAsync()).ScheduledFor.ShouldBe(DateTimeOffset.Parse(due, System.Globalization.CultureInfo.InvariantCulture));
        world.Time.Advance(TimeSpan.FromDays(2));
        var message = await SentAsync();
        message.ShouldNotContain("X-Send-At");
        message.ShouldNotContain("Deferred-Delivery");
    }

    [Fact]
    public async Task At_goes_before_what_the_header_says()
    {
        (await world.RunWithInputAsync("X-Send-At: tomorrow 9:00\n" + Letter, "sendmail", "-t", "--at", "2026-12-24 18:00", "--json")).Output.ShouldContain("\"scheduledFor\":\"2026-12-24T17:00:00Z\"");
        (await world.RunWithInputAsync("X-Send-At: gibberish\n" + Letter, "sendmail", "-t")).ExitCode.ShouldBe(2);
    }

    [Fact]
    public async Task Crons_mail_arrives_though_it_names_only_local_users()
    {
        const string Cron = "From: root (Cron Daemon)\nTo: ada\nSubject: Cron <ada@hut> backup\nContent-Type: text/plain; charset=UTF-8\nAuto-Submitted: auto-generated\n\nno space left\n";
        (await world.RunWithInputAsync(Cron, "sendmail", "-FCronDaemon", "-i", "-B8BITMIME", "-oem", "ada")).ShouldBe(new(0, "", ""));
        (await OnlyAsync()).Content.AllMailboxes.ShouldBe(["ada@example.org"]);
        var message = await SentAsync();
        message.ShouldContain("From: Cron Daemon <ada@example.org>");
        message.ShouldContain("To: ada@example.org");
        message.ShouldContain("no space left");
    }

    [Fact]
    public async Task A_text_without_a_header_gets_one()
    {
        (await world.RunWithInputAsync("Hello there,\nhow are you?\n.\nnot this\n", "sendmail", "-F", "Countess Ada", "bob@example.com")).ExitCode.ShouldBe(0);
        var message = await SentAsync();
        message.ShouldContain("From: Countess Ada <ada@example.org>");
        message.ShouldContain("To: bob@example.com");
        message.ShouldContain("Hello there,\r\nhow are you?");
        message.ShouldNotContain("not this");
    }

    [Fact]
    public async Task With_i_a_single_dot_ends_nothing()
    {
        await world.RunWithInputAsync(Letter + ".\nand more\n", "sendmail", "-t", "-i");
        (await SentAsync()).ShouldContain("\r\n.\r\nand more");
    }

    [Fact]
    public async Task A_sender_that_no_account_may_use_is_refused()
    {
        var result = await world.RunWithInputAsync("From: eve@elsewhere.example\nTo: bob@example.com\n\nx\n", "sendmail", "-t");
        (result.ExitCode, result.Output).ShouldBe((1, ""));
        result.Error.ShouldContain("sendmail:");
    }

    private async Task<ScheduledEmail> OnlyAsync()
    {
        await using var store = FileEmailStore.Open(new QueueFileOptions { Path = world.Queue }, RealDisk.Instance, world.Time);
        return (await store.ListAsync(new(), TestContext.Current.CancellationToken)).ShouldHaveSingleItem();
    }

    private async Task<string> SentAsync()
    {
        (await world.RunAsync("run", "--once")).ExitCode.ShouldBe(0);
        return await File.ReadAllTextAsync(Directory.GetFiles(world.Outbox, "*.eml").ShouldHaveSingleItem(), TestContext.Current.CancellationToken);
    }
}
