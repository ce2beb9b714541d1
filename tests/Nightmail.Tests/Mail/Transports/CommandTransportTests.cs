using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Transports;
using Nightmail.Tests.Mail.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Transports;

/// <summary>Programs that take a message on their standard input; each is a script that the test writes.</summary>
public sealed class CommandTransportTests : IDisposable
{
    private const string Text = "From: ada@a.test\r\nTo: bob@b.test\r\nCc: Eve <eve@b.test>\r\nSubject: x\r\n\r\n.\r\nend\r\n";
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory();
    private readonly List<IReadOnlyList<string>> begins = [];

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData(0, Verdict.Delivered)]
    [InlineData(75, Verdict.Deferred)]
    [InlineData(69, Verdict.Deferred)]
    [InlineData(65, Verdict.Bounced)]
    [InlineData(67, Verdict.Bounced)]
    [InlineData(1, Verdict.InDoubt)]
    [InlineData(74, Verdict.InDoubt)]
    [InlineData(127, Verdict.InDoubt)]
    [InlineData(255, Verdict.InDoubt)]
    public async Task The_exit_code_decides(int code, Verdict verdict)
    {
        var outcome = await DeliverAsync($"echo the reason >&2; echo aside; exit {code}", "bob@b.test", "eve@b.test");

        outcome.Verdicts().ShouldBe([verdict, verdict]);
        outcome.Recipients[0].Reply!.Text.ShouldBe($"mailer exited with {code}: the reason");
        (outcome.Begun, outcome.Fault).ShouldBe((true, null));
    }

    [Theory]
    [InlineData(64, AccountFaultReason.Configuration)]
    [InlineData(68, AccountFaultReason.Network)]
    [InlineData(77, AccountFaultReason.Auth)]
    [InlineData(78, AccountFaultReason.Configuration)]
    public async Task An_exit_code_about_the_program_itself_is_the_accounts_fault_and_no_emails(int code, AccountFaultReason reason)
    {
        var outcome = await DeliverAsync($"echo not for bob@b.test >&2; exit {code}", "bob@b.test", "eve@b.test");

        outcome.Verdicts().ShouldBe([Verdict.Untried, Verdict.Untried]);
        outcome.Fault.ShouldBe(new AccountFault(reason, $"mailer exited with {code}: not for recipient"));
        outcome.Begun.ShouldBeTrue();

        // The account's own word for the code holds.
        (await DeliverAsync($"exit {code}", settings => settings with { ExitCodes = new Dictionary<int, Verdict> { [code] = Verdict.Bounced } }, "bob@b.test", "eve@b.test"))
            .Verdicts().ShouldBe([Verdict.Bounced, Verdict.Bounced]);
    }

    [Fact]
    public async Task An_account_can_say_what_a_code_means() =>
        (await DeliverAsync("exit 1", settings => settings with { ExitCodes = new Dictionary<int, Verdict> { [1] = Verdict.Deferred } }, "bob@b.test", "eve@b.test"))
            .Verdicts().ShouldBe([Verdict.Deferred, Verdict.Deferred]);

    [Fact]
    public async Task The_program_gets_every_byte_on_a_file_and_its_words_as_they_are()
    {
        (await DeliverAsync("printf '%s\\n' \"$@\" >\"$0.args\"; readlink /proc/self/fd/0 >\"$0.stdin\"; cat >\"$0.message\"",
            settings => settings with { Words = [.. settings.Words, "-f", "{from}", "a b", "$(touch x)", "--", "{recipients}"] }, "bob@b.test", "zoe@b.test"))
            .Verdicts().ShouldBe([Verdict.Delivered, Verdict.Delivered]);

        Read("args").ShouldBe("-f\nada@a.test\na b\n$(touch x)\n--\nbob@b.test\nzoe@b.test\n");
        Read("message").ShouldBe(Text);
        Read("stdin").ShouldStartWith("/");
        File.Exists(Read("stdin").Trim()).ShouldBeFalse();
        begins.ShouldHaveSingleItem().ShouldBe(["bob@b.test", "zoe@b.test"]);
    }

    [Fact]
    public async Task Whoever_knows_t_is_told_hidden_recipients_by_Bcc()
    {
        (await DeliverAsync("cat >\"$0.message\"", settings => settings with { Words = [.. settings.Words, "-t", "-i"] }, "bob@b.test", "eve@b.test", "zoe@b.test"))
            .Verdicts().ShouldBe([Verdict.Delivered, Verdict.Delivered, Verdict.Delivered]);

        Read("message").ShouldBe("Bcc: zoe@b.test\r\n" + Text);
    }

    [Fact]
    public async Task A_program_that_may_show_hidden_recipients_is_not_told_them()
    {
        var outcome = await DeliverAsync("cat >\"$0.message\"", "bob@b.test", "eve@b.test", "zoe@b.test");

        outcome.Verdicts().ShouldBe([Verdict.Delivered, Verdict.Delivered, Verdict.Bounced]);
        outcome.Recipients[2].Reply!.Text.ShouldContain("write {recipients} into the account's command");
        begins.ShouldHaveSingleItem().ShouldBe(["bob@b.test", "eve@b.test"]);
        Read("message").ShouldBe(Text);
    }

    [Fact]
    public async Task Nobody_who_has_the_message_gets_it_again()
    {
        var outcome = await DeliverAsync("cat >\"$0.message\"", "eve@b.test");

        outcome.Verdicts().ShouldBe([Verdict.Deferred]);
        outcome.Recipients[0].Reply!.Text.ShouldContain("names others too");
        begins.ShouldBeEmpty();
        File.Exists(Path.Combine(folder.FullName, "mailer.message")).ShouldBeFalse();
    }

    [Fact]
    public async Task An_address_that_looks_like_an_option_is_no_argument()
    {
        (await DeliverAsync("printf '%s\\n' \"$@\" >\"$0.args\"", settings => settings with { Words = [.. settings.Words, "{recipients}"] }, "-X/etc/passwd@b.test", "bob@b.test"))
            .Verdicts().ShouldBe([Verdict.Bounced, Verdict.Delivered]);

        Read("args").ShouldBe("bob@b.test\n");
    }

    [Fact]
    public async Task A_program_that_is_killed_leaves_doubt()
    {
        var outcome = await DeliverAsync("kill -9 $$", "bob@b.test", "eve@b.test");

        outcome.Verdicts().ShouldBe([Verdict.InDoubt, Verdict.InDoubt]);
        outcome.Recipients[0].Reply!.Text.ShouldBe("mailer was killed by signal 9");
    }

    [Fact]
    public async Task A_program_that_does_not_end_is_killed_and_leaves_doubt()
    {
        var outcome = await DeliverAsync("exec sleep 1000", settings => settings with { TimeLimit = TimeSpan.FromMilliseconds(200) }, "bob@b.test", "eve@b.test");

        outcome.Verdicts().ShouldBe([Verdict.InDoubt, Verdict.InDoubt]);
        outcome.Recipients[0].Reply!.Text.ShouldContain("was killed");
    }

    [Fact]
    public async Task Begin_stands_before_the_start()
    {
        var outcome = await DeliverAsync("touch \"$0.ran\"", null, leave: false, "bob@b.test", "eve@b.test");

        outcome.Verdicts().ShouldBe([Verdict.Untried, Verdict.Untried]);
        outcome.Begun.ShouldBeFalse();
        File.Exists(Path.Combine(folder.FullName, "mailer.ran")).ShouldBeFalse();
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_the_accounts_fault_and_nothing_begins()
    {
        var outcome = await DeliverAsync("", settings => settings with { Words = ["nightmail-no-such-program"] }, "bob@b.test");

        outcome.Fault.ShouldBe(new AccountFault(AccountFaultReason.Configuration, "nightmail-no-such-program: there is no such program"));
        begins.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_program_that_the_system_cannot_run_has_sent_nothing()
    {
        var script = await ScriptAsync("#!/no/such/interpreter\n");
        var outcome = await DeliverAsync(new() { Words = [script] }, new TextMessage(Text), leave: true, "bob@b.test", "eve@b.test");

        outcome.Fault!.Reason.ShouldBe(AccountFaultReason.Configuration);
        outcome.Verdicts().ShouldBe([Verdict.Untried, Verdict.Untried]);
        outcome.Begun.ShouldBeTrue();
    }

    [Theory]
    [InlineData(true, false, "takesEightBit")]
    [InlineData(false, true, "international addresses")]
    public async Task What_a_program_may_damage_is_refused(bool is8Bit, bool needsSmtpUtf8, string words)
    {
        var script = await ScriptAsync("#!/bin/sh\ntouch \"$0.ran\"\n");
        var outcome = await DeliverAsync(new() { Words = [script] }, new TextMessage(Text) { Is8Bit = is8Bit, NeedsSmtpUtf8 = needsSmtpUtf8 }, leave: true, "bob@b.test", "eve@b.test");

        outcome.Verdicts().ShouldBe([Verdict.Bounced, Verdict.Bounced]);
        outcome.Recipients[0].Reply!.Text.ShouldContain(words);
        begins.ShouldBeEmpty();
    }

    private Task<DeliveryOutcome> DeliverAsync(string body, params string[] recipients) => DeliverAsync(body, null, recipients);

    private Task<DeliveryOutcome> DeliverAsync(string body, Func<TransportSettings.Command, TransportSettings.Command>? with, params string[] recipients) =>
        DeliverAsync(body, with, leave: true, recipients);

    private async Task<DeliveryOutcome> DeliverAsync(string body, Func<TransportSettings.Command, TransportSettings.Command>? with, bool leave, params string[] recipients)
    {
        var settings = new TransportSettings.Command { Words = [await ScriptAsync($"#!/bin/sh\n{body}\n")] };
        return await DeliverAsync(with is null ? settings : with(settings), new TextMessage(Text), leave, recipients);
    }

    private async Task<DeliveryOutcome> DeliverAsync(TransportSettings.Command settings, TextMessage message, bool leave, params string[] recipients)
    {
        await using var transport = new CommandTransport(settings, TimeProvider.System);
        var outcome = await transport.DeliverAsync(new("ada@a.test", recipients), message, (accepted, _, _) =>
        {
            begins.Add(accepted);
            return ValueTask.FromResult(leave);
        }, CancellationToken.None);
        outcome.Recipients.Select(each => each.Address).ShouldBe(recipients);
        return outcome;
    }

    private async Task<string> ScriptAsync(string text)
    {
        var path = Path.Combine(folder.FullName, "mailer");
        // A program that is open for writing anywhere cannot be started, and a process that is started meanwhile keeps it open.
        await File.WriteAllTextAsync(path + ".txt", text);
        using (var copy = System.Diagnostics.Process.Start("/bin/sh", ["-c", "cat \"$0.txt\" >\"$0\" && chmod 700 \"$0\"", path])) await copy.WaitForExitAsync();
        return path;
    }

    private string Read(string extension) => File.ReadAllText(Path.Combine(folder.FullName, "mailer." + extension));
}
