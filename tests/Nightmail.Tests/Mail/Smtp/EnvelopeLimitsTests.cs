using Nightmail.Core.Delivery;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>What is settled or worded by what the server said it can do.</summary>
public abstract class EnvelopeLimitsTests(Replay replay) : Replayed(replay)
{
    private const string Ok = """
        S: 250 ok
        S: 250 ok
        S: 354 go
        ! message
        S: 250 2.0.0 ok
        """;

    [Fact]
    public async Task A_message_that_is_too_large_is_refused_here()
    {
        await using var conversation = Start("SIZE 24", "");

        var outcome = await conversation.DeliverAsync();

        outcome.Verdicts().ShouldBe([Verdict.Bounced]);
        outcome.Recipients[0].Reply.ShouldBe(new Reply(552, "5.3.4",
            $"not sent: the message has 25 bytes, and 127.0.0.1:{conversation.Server.Port} takes 24 at most"));
        conversation.Begins.ShouldBeEmpty();
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData("SIZE 25", " SIZE=25")]
    [InlineData("SIZE 0", " SIZE=25")]
    [InlineData("SIZE", " SIZE=25")]
    [InlineData("HELP", "")]
    public async Task The_size_is_told_to_who_wants_to_know(string offer, string parameters)
    {
        await using var conversation = Start(offer, $"C: MAIL FROM:<ada@a.test>{parameters}\nC: RCPT TO:<bob@b.test>\nC: DATA\n{Ok}");

        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task An_8_bit_message_is_announced_or_not_sent()
    {
        var message = new TextMessage("é\r\n") { Is8Bit = true };
        await using var able = Start("8BITMIME", $"C: MAIL FROM:<ada@a.test> BODY=8BITMIME\nC: RCPT TO:<bob@b.test>\nC: DATA\n{Ok}");
        await using var unable = Start("HELP", "");

        (await able.DeliverAsync(message)).Verdicts().ShouldBe([Verdict.Delivered]);
        var outcome = await unable.DeliverAsync(message);

        outcome.Verdicts().ShouldBe([Verdict.Bounced]);
        outcome.Recipients[0].Reply!.ToString().ShouldBe($"554 5.6.3 not sent: the message holds 8-bit text as it is, and 127.0.0.1:{unable.Server.Port} takes none (no 8BITMIME)");
        await able.FinishAsync();
        await unable.FinishAsync();
    }

    [Fact]
    public async Task An_international_local_part_needs_SMTPUTF8_and_a_domain_does_not()
    {
        await using var able = Start("SMTPUTF8", $"""
            C: MAIL FROM:<ada@a.test> SMTPUTF8
            C: RCPT TO:<jürgen@xn--bcher-kva.example>
            C: DATA
            {Ok}
            """);
        await using var unable = Start("HELP", $"""
            C: MAIL FROM:<ada@a.test>
            C: RCPT TO:<bob@xn--bcher-kva.example>
            C: DATA
            {Ok}
            """);

        (await able.DeliverAsync("jürgen@bücher.example")).Verdicts().ShouldBe([Verdict.Delivered]);
        var outcome = await unable.DeliverAsync("jürgen@bücher.example", "bob@BÜCHER.example");

        outcome.Verdicts().ShouldBe([Verdict.Bounced, Verdict.Delivered]);
        outcome.Recipients[0].Reply!.ToString().ShouldBe($"553 5.6.7 not sent: the address is international, and 127.0.0.1:{unable.Server.Port} cannot take it (no SMTPUTF8)");
        await able.FinishAsync();
        await unable.FinishAsync();
    }

    [Fact]
    public async Task A_message_with_international_headers_needs_SMTPUTF8()
    {
        await using var conversation = Start("HELP", "");

        (await conversation.DeliverAsync(new TextMessage("a\r\n") { NeedsSmtpUtf8 = true })).Recipients[0].Reply!.Enhanced.ShouldBe("5.6.7");
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData("bob@b.test>\r\nRCPT TO:<eve@b.test")]
    [InlineData("bob")]
    [InlineData("bob@")]
    [InlineData("Bob <bob@b.test>")]
    [InlineData("bob@b.test> NOTIFY=NEVER")]
    [InlineData("")]
    public async Task What_is_no_address_never_reaches_a_command(string address)
    {
        await using var conversation = Start("HELP", "");

        var outcome = await conversation.DeliverAsync(address);

        outcome.Verdicts().ShouldBe([Verdict.Bounced]);
        outcome.Recipients[0].Reply!.ToString().ShouldBe("553 5.1.3 not sent: this is no mail address");
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task A_quoted_local_part_stays_quoted()
    {
        await using var conversation = Start("HELP", $"C: MAIL FROM:<ada@a.test>\nC: RCPT TO:<\"b ob\"@b.test>\nC: DATA\n{Ok}");

        (await conversation.DeliverAsync("\"b ob\"@b.test")).Verdicts().ShouldBe([Verdict.Delivered]);
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData("HELP", 2)]
    [InlineData("LIMITS MAILMAX=5 RCPTMAX=2", 100)]
    public async Task Recipients_beyond_a_limit_are_left_for_another_transaction(string offer, int accountLimit)
    {
        var script = SmtpScriptWith(offer, $"C: MAIL FROM:<ada@a.test>\nC: RCPT TO:<a@b.test>\nC: RCPT TO:<b@b.test>\nC: DATA\nS: 250 ok\n{Ok}");
        await using var conversation = Conversation.Over(Serve(script), limits: new() { RecipientsPerTransaction = accountLimit });

        var outcome = await conversation.DeliverAsync("a@b.test", "b@b.test", "c@b.test");

        outcome.Verdicts().ShouldBe([Verdict.Delivered, Verdict.Delivered, Verdict.Untried]);
        outcome.Fault.ShouldBeNull();
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task Hundreds_of_recipients_go_in_groups_that_fit_the_buffers()
    {
        var addresses = Enumerable.Range(0, 250).Select(i => $"r{i}@b.test").ToArray();
        string Group(int from, int count, string last) =>
            string.Join('\n', addresses.Skip(from).Take(count).Select(each => $"C: RCPT TO:<{each}>")) + "\n" + last
            + string.Join('\n', Enumerable.Repeat("S: 250 ok", from == 0 ? count + 1 : count)) + "\n";
        var script = SmtpScriptWith("HELP", "C: MAIL FROM:<ada@a.test>\n" + Group(0, 100, "") + Group(100, 100, "") + Group(200, 50, "C: DATA\n")
            + "S: 354 go\n! message\nS: 250 2.0.0 ok");
        await using var conversation = Conversation.Over(Serve(script), limits: new() { RecipientsPerTransaction = 1_000 });

        (await conversation.DeliverAsync(addresses)).Recipients.ShouldAllBe(each => each.Verdict == Verdict.Delivered);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task An_empty_reverse_path_is_one()
    {
        await using var conversation = Start("HELP", $"C: MAIL FROM:<>\nC: RCPT TO:<bob@b.test>\nC: DATA\n{Ok}");

        var outcome = await conversation.Transport.DeliverAsync(new("", ["bob@b.test"]), new TextMessage("a\r\n"), (_, _, _) => ValueTask.FromResult(true), CancellationToken.None);

        outcome.Verdicts().ShouldBe([Verdict.Delivered]);
        await conversation.FinishAsync();
    }

    private Conversation Start(string offer, string steps) => Play(SmtpScriptWith(offer, steps));

    private static string SmtpScriptWith(string offer, string steps) =>
        $"S: 220 mx\nC: EHLO me.test\nS: 250-mx\nS: 250-PIPELINING\nS: 250 {offer}\n{steps}";

    [Theory]
    [InlineData(true, false, " RET=HDRS", " NOTIFY=FAILURE,DELAY")]
    [InlineData(true, true, " RET=FULL", " NOTIFY=FAILURE,DELAY")]
    [InlineData(false, true, "", "")]
    public async Task Reports_are_asked_of_a_server_that_makes_some(bool offered, bool whole, string mail, string rcpt)
    {
        await using var conversation = Conversation.Over(
            Serve($"S: 220 mx\nC: EHLO me.test\n{(offered ? "S: 250-mx\nS: 250 DSN" : "S: 250 mx")}\nC: MAIL FROM:<ada@a.test>{mail}\nS: 250 ok\nC: RCPT TO:<bob@b.test>{rcpt}\nS: 250 ok\nC: DATA\nS: 354 go\n! message\nS: 250 2.0.0 ok"),
            settings => settings with { Reports = new(["FAILURE", "DELAY"], whole) });

        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        await conversation.FinishAsync();
    }
}

/// <inheritdoc/>
public sealed class EnvelopeLimitsTestsWhole() : EnvelopeLimitsTests(Replay.Whole);

/// <inheritdoc/>
public sealed class EnvelopeLimitsTestsByLine() : EnvelopeLimitsTests(Replay.ByLine);

/// <inheritdoc/>
public sealed class EnvelopeLimitsTestsByByte() : EnvelopeLimitsTests(Replay.ByByte);
