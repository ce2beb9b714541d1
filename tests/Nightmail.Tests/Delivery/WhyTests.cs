using Nightmail.Core.Accounts;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Testing;
using NodaTime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Delivery;

/// <summary>A sentence for each state an email can be in. The present is 09:00 in Berlin.</summary>
public sealed class WhyTests
{
    private static readonly DateTimeOffset Now = new(2026, 12, 1, 8, 0, 0, TimeSpan.Zero);
    private static readonly Account Work = new() { Name = "work", From = "ada@example.org", IsDefault = true, Transport = new TransportSettings.Folder("out") };
    private static readonly Account Spare = new() { Name = "spare", From = "ada@spare.example", MaySendAs = ["ada@example.org"], Transport = new TransportSettings.Folder("out") };
    private static readonly AccountFault BadLogin = new(AccountFaultReason.Auth, "smtp.example.org:587 AUTH: 535 5.7.8 bad credentials");

    private static readonly ScheduledEmail Pending = new()
    {
        Id = EmailId.New(new ManualTime()),
        Content = new() { To = ["a@x.example", "b@x.example", "c@x.example"], Subject = "Hello" },
        ScheduledFor = Now,
        CreatedAt = Now.AddHours(-1),
        LastModified = Now.AddHours(-1),
    };

    private static readonly ScheduledEmail Tried = Pending with { Attempts = 2, LastAttempt = Now.AddMinutes(-5), LastAccount = "work" };

    private static WhyContext Context => new() { Now = Now, Zone = DateTimeZoneProviders.Tzdb["Europe/Berlin"], WorkerRuns = true, Accounts = [Work, Spare] };

    [Fact]
    public void Pending_and_not_due()
    {
        var later = Pending with { ScheduledFor = Now.AddHours(3) };
        Why.Explain(later, Context).ShouldBe("due 12:00 (in 3 hours)");
        Why.Explain(later with { ScheduledFor = Now.AddDays(9) }, Context).ShouldBe("due 2026-12-10 09:00 Europe/Berlin (in 9 days)");
        Why.Explain(later, Context with { WorkerRuns = false }).ShouldBe("due 12:00 (in 3 hours); nobody is running to send it: start `nightmail run`");
    }

    [Fact]
    public void Pending_and_due()
    {
        Why.Explain(Pending, Context).ShouldBe("due 09:00; a worker is about to send it");
        Why.Explain(Pending, Context with { WorkerRuns = false }).ShouldBe("pending; nobody is running to send it: start `nightmail run` (due 09:00)");
    }

    [Fact]
    public void Too_late_for_itself() =>
        Why.Explain(Pending with { NotAfter = Now.AddMinutes(-1) }, Context).ShouldBe("pending; too late: it is not wanted after 08:59, and fails as expired when a worker looks");

    [Fact]
    public void Deferred()
    {
        var deferred = Tried with { Deferrals = 2, NextAttempt = Now.AddMinutes(10), LastError = "451 4.7.1 <a@x.example>: greylisted" };
        Why.Explain(deferred, Context).ShouldBe("deferred after 2 attempts: 451 4.7.1 <…@…>: greylisted; next try 09:10 (in 10 minutes)");
        Why.Explain(deferred with { Attempts = 1, Recipients = [new("a@x.example", RecipientStatus.Delivered), new("b@x.example"), new("c@x.example")] }, Context)
            .ShouldBe("deferred after 1 attempt: 451 4.7.1 <…@…>: greylisted; next try 09:10 (in 10 minutes); 1 of 3 recipients has it");
    }

    [Fact]
    public void Waiting_after_an_account_failure() =>
        Why.Explain(Tried with { AccountFailures = 1, NextAttempt = Now.AddSeconds(4), LastError = "connect smtp.example.org:587: refused" }, Context)
            .ShouldBe("account work could not send: connect smtp.example.org:587: refused; 2 attempts so far; next try 09:00:04 (in 4 seconds)");

    [Fact]
    public void Waiting_after_lost_claims() =>
        Why.Explain(Tried with { LostClaims = 2, NextAttempt = Now.AddMinutes(5), LastError = "its worker died or stalled before sending began" }, Context)
            .ShouldBe("its worker died or stalled before sending began (2 times in a row); next try 09:05 (in 5 minutes)");

    [Fact]
    public void Waiting_because_recipients_did_not_fit() =>
        Why.Explain(Tried with { Attempts = 1, NextAttempt = Now.AddSeconds(2) }, Context).ShouldBe("1 attempt so far; next try 09:00:02 (in 2 seconds)");

    [Fact]
    public void Rescheduled_after_a_deferral() =>
        Why.Explain(Tried with { Deferrals = 1, ScheduledFor = Now.AddHours(1), LastError = "451 later" }, Context).ShouldBe("due 10:00 (in 1 hour); attempt 2 came to: 451 later");

    [Fact]
    public void An_account_whose_circuit_is_open()
    {
        var open = Standing(Work, new() { OpenedAt = Now.AddMinutes(-3), OpenUntil = Now.AddMinutes(2), Fault = BadLogin, Term = 1 });
        var held = "account work: circuit open since 08:57 after smtp.example.org:587 AUTH: 535 5.7.8 bad credentials; next try 09:02 (in 2 minutes)";
        Why.Explain(Pending, Context with { Standings = [open, Standing(Spare)] }).ShouldBe($"due 09:00; {held}");
        var either = Pending with { Content = Pending.Content with { From = "ada@example.org" }, ScheduledFor = Now.AddMinutes(1) };
        Why.Explain(either, Context with { Standings = [open, Standing(Spare with { Priority = 2 })] }).ShouldBe($"due 09:01; {held}, or at once through account spare");
        Why.Explain(either with { ScheduledFor = Now }, Context with { Standings = [open, Standing(Spare)] }).ShouldBe("due 09:00; a worker is about to send it");
        Why.Explain(either with { ScheduledFor = Now.AddHours(1) }, Context with { Standings = [open] }).ShouldBe("due 10:00 (in 1 hour)", "it is closed again by then, or a new matter");
        var soon = Standing(Spare, new() { OpenedAt = Now, OpenUntil = Now.AddSeconds(15), Fault = BadLogin, Term = 1 });
        Why.Explain(either with { ScheduledFor = Now }, Context with { Standings = [open, soon] }).ShouldEndWith("next try 09:00:15 (in 15 seconds) through account spare");
        Why.Explain(Pending, Context with { Standings = [open], WorkerRuns = false }).ShouldBe($"pending; nobody is running to send it: start `nightmail run` (due 09:00); {held}");
    }

    [Fact]
    public void An_account_that_is_being_tried_again()
    {
        var circuit = new Circuit { OpenedAt = Now.AddMinutes(-3), OpenUntil = Now, Fault = BadLogin, Probe = new(Pending.Id, new("w1"), 3, Now, TimeSpan.Zero) };
        Why.Explain(Pending, Context with { Standings = [Standing(Work, circuit)] })
            .ShouldBe($"due 09:00; account work: circuit open since 08:57 after smtp.example.org:587 AUTH: 535 5.7.8 bad credentials; {Pending.Id} is trying it since 09:00");
    }

    [Fact]
    public void Accounts_that_have_had_all_that_they_may_of_a_campaign()
    {
        var campaign = CampaignId.New(new ManualTime());
        var (three, four) = (Work with { Limits = new() { PerCampaign = 3 } }, Spare with { Limits = new() { PerCampaign = 4 } });
        var email = Pending with { Campaign = campaign, Content = Pending.Content with { From = "ada@example.org" } };
        var context = Context with { Standings = [Standing(three), Standing(four)], Taken = new Dictionary<(string, CampaignId), long> { [("work", campaign)] = 3, [("spare", campaign)] = 3 } };

        Why.Explain(email, context).ShouldBe("due 09:00; a worker is about to send it", "the other takes the rest");
        var both = context with { Taken = new Dictionary<(string, CampaignId), long> { [("work", campaign)] = 3, [("spare", campaign)] = 4 } };
        Why.Explain(email, both).ShouldBe("due 09:00; account work has its 3 and account spare has its 4 emails of this campaign, and no time changes that: other accounts must take the rest, or a limit perCampaign be raised");
        Why.Explain(email with { Campaign = CampaignId.New(new ManualTime()) }, both).ShouldBe("due 09:00; a worker is about to send it", "of another campaign they have had nothing");
        Why.Explain(email with { ScheduledFor = Now.AddHours(1) }, both).ShouldStartWith("due 10:00; account work has its 3 and");
    }

    [Fact]
    public void An_account_whose_limit_is_reached()
    {
        var limited = Work with { Limits = new() { PerMinute = 2 } };
        var facts = AccountFacts.None with { Begins = [Now.AddSeconds(-40), Now.AddSeconds(-10)] };
        Why.Explain(Pending, Context with { Standings = [AccountStanding.Of(limited, facts, 4, Now)] })
            .ShouldBe("due 09:00; account work: its limit of 2 a minute is reached; next try 09:00:21 (in 21 seconds)");
    }

    [Fact]
    public void An_account_that_is_switched_off() =>
        Why.Explain(Pending, Context with { Standings = [Standing(Work with { IsEnabled = false })] }).ShouldBe("due 09:00; account work: switched off in the configuration (\"enabled\": false)");

    private static AccountStanding Standing(Account account, Circuit? circuit = null) => AccountStanding.Of(account, AccountFacts.None with { Circuit = circuit ?? Circuit.Closed }, 4, Now);

    [Fact]
    public void No_account_can_send_it()
    {
        Why.Explain(Pending with { Account = "gone" }, Context).ShouldBe("due 09:00; account gone is not in the configuration");
        Why.Explain(Pending with { Account = "work", Content = Pending.Content with { From = "eve@example.org" } }, Context).ShouldBe("due 09:00; account work may not send as its From address");
        Why.Explain(Pending with { Content = Pending.Content with { From = "eve@example.org" } }, Context).ShouldBe("due 09:00; no account may send as its From address");
        Why.Explain(Pending, Context with { Accounts = [Spare] }).ShouldBe("due 09:00; no account is the default one, and it names none");
        Why.Explain(Pending, Context with { Accounts = [] }).ShouldBe("due 09:00; no account is configured to send it");
    }

    [Fact]
    public void An_account_whose_server_wants_less_says_so_and_until_when()
    {
        var slow = new Circuit { Slowness = new(1, Now.AddSeconds(-20), "mx.example:25, greeting: 421 4.3.2 too busy") };
        var account = Work with { Limits = new() { Connections = 4 } };
        var ready = AccountStanding.Of(account, AccountFacts.None with { Circuit = slow }, 4, Now);
        WhyAccounts.Obstacle(ready, Context)
            .ShouldBe("takes emails, 2 of its 4 connections at once: slowed down since 08:59:40 after mx.example:25, greeting: 421 4.3.2 too busy, all again at 09:00:40");
        var busy = AccountStanding.Of(account, AccountFacts.None with { Circuit = slow, OnTheWay = 2 }, 4, Now);
        Why.Explain(Pending, Context with { Standings = [busy] }).ShouldBe(
            "due 09:00; account work: 2 on their way, 2 of its 4 connections at once: slowed down since 08:59:40 after mx.example:25, greeting: 421 4.3.2 too busy, all again at 09:00:40; next try 09:00:40 (in 40 seconds)");
    }

    [Fact]
    public void Sending_is_paused_as_a_whole() =>
        Why.Explain(Pending, Context with { SendingPaused = true }).ShouldBe("due 09:00; sending is paused as a whole: `nightmail resume --all` goes on");

    [Fact]
    public void Being_sent()
    {
        var sending = Tried with { Status = EmailStatus.Sending, ClaimedBy = "w1", LastAttempt = Now.AddSeconds(-2) };
        Why.Explain(sending, Context).ShouldBe("being sent since 08:59:58 (attempt 2 through account work)");
        Why.Explain(sending, Context with { WorkerRuns = false }).ShouldEndWith("its worker is gone: the next `nightmail run` finds out what became of it");
    }

    [Fact]
    public void Paused()
    {
        var paused = Pending with { Status = EmailStatus.Paused };
        Why.Explain(paused with { ScheduledFor = Now.AddHours(1) }, Context).ShouldBe($"paused; `nightmail resume {Pending.Id}` lets it go (due 10:00)");
        Why.Explain(paused, Context).ShouldBe($"paused; `nightmail resume {Pending.Id}` lets it go (was due 09:00)");
        Why.Explain(paused with { LastError = Settlement.OldCopy }, Context).ShouldBe($"paused: {Settlement.OldCopy}");
        Why.Explain(paused with { LostClaims = 5, LastError = "its worker died or stalled 5 times in a row before sending began; look at the message, then resume it" }, Context)
            .ShouldBe("paused: its worker died or stalled 5 times in a row before sending began; look at the message, then resume it");
    }

    [Fact]
    public void Sent()
    {
        var sent = Tried with { Status = EmailStatus.Sent, SentAt = Now.AddMilliseconds(31), SentReply = "250 2.0.0 Ok queued as 4F2" };
        Why.Explain(sent, Context).ShouldBe("sent 09:00:00.031 through work: 250 2.0.0 Ok queued as 4F2");
        Why.Explain(sent with { SentAt = Now.AddDays(-1) }, Context).ShouldBe("sent 2026-11-30 09:00:00.000 Europe/Berlin through work: 250 2.0.0 Ok queued as 4F2");
        Why.Explain(sent with { Recipients = [new("a@x.example", RecipientStatus.Delivered), new("b@x.example", RecipientStatus.Rejected, "550 5.1.1 b@x.example unknown"), new("c@x.example", RecipientStatus.Delivered)] }, Context)
            .ShouldBe("sent 09:00:00.031 through work: 250 2.0.0 Ok queued as 4F2; 1 of 3 recipients was refused: 550 5.1.1 …@… unknown");
    }

    [Theory]
    [InlineData(FailureReason.Bounced, "failed (bounced): refused for good after 2 attempts, the last 08:55: 550 no; `nightmail retry ID` tries again")]
    [InlineData(FailureReason.GaveUp, "failed (gave_up): given up after 2 attempts, the last 08:55: 550 no; `nightmail retry ID` tries again")]
    [InlineData(FailureReason.Expired, "failed (expired): not sent: it was not wanted after 08:59; before that: 550 no; `nightmail retry ID` sends it all the same")]
    [InlineData(FailureReason.Invalid, "failed (invalid): no message can be written from it: 550 no; `nightmail retry ID` tries again")]
    [InlineData(FailureReason.Render, "failed (render): its template cannot be rendered: 550 no; `nightmail retry ID` tries again")]
    public void Failed(FailureReason reason, string sentence) =>
        Why.Explain(Tried with { Status = EmailStatus.Failed, Reason = reason, NotAfter = Now.AddMinutes(-1), LastError = "550 no" }, Context).ShouldBe(sentence.Replace("ID", Tried.Id.ToString(), StringComparison.Ordinal));

    [Fact]
    public void Given_up_with_some_delivered() =>
        Why.Explain(Tried with { Status = EmailStatus.Failed, Reason = FailureReason.GaveUp, LastError = "451 later", Recipients = [new("a@x.example", RecipientStatus.Delivered), new("b@x.example")] }, Context)
            .ShouldContain("; 1 of 2 recipients has it;");

    [Fact]
    public void A_command_that_is_named_can_be_pasted_for_the_store_it_is_about()
    {
        var elsewhere = Context with { CommandOptions = "--queue '/tmp/my queue.json'", WorkerRuns = false };

        Why.Explain(Pending, elsewhere).ShouldContain("`nightmail run --queue '/tmp/my queue.json'`");
        Why.Explain(Pending, elsewhere with { SendingPaused = true }).ShouldContain("`nightmail resume --all --queue '/tmp/my queue.json'`");
        Why.Explain(Pending with { Status = EmailStatus.Paused }, elsewhere).ShouldContain($"`nightmail resume {Pending.Id} --queue '/tmp/my queue.json'`");
        Why.Explain(Tried with { Status = EmailStatus.Failed }, elsewhere).ShouldContain($"`nightmail retry {Pending.Id} --queue '/tmp/my queue.json'`");
    }

    [Fact]
    public void Cancelled()
    {
        var cancelled = Pending with { Status = EmailStatus.Cancelled, LastModified = Now.AddMinutes(-3) };
        Why.Explain(cancelled, Context).ShouldBe("cancelled 08:57; it will not be sent");
        Why.Explain(cancelled with { Recipients = [new("a@x.example", RecipientStatus.Delivered), new("b@x.example")] }, Context)
            .ShouldBe("cancelled 08:57; 1 of 2 recipients has it, it will not be sent to anybody else");
    }

    [Fact]
    public void In_doubt()
    {
        var doubtful = Tried with
        {
            Status = EmailStatus.InDoubt,
            LastError = "connection lost after the final dot",
            Recipients = [new("a@x.example", RecipientStatus.InDoubt), new("b@x.example", RecipientStatus.InDoubt), new("c@x.example", RecipientStatus.Delivered)],
        };
        Why.Explain(doubtful, Context).ShouldBe(
            $"in doubt: 2 of 3 recipients may have it, 1 of 3 recipients has it (connection lost after the final dot); `nightmail retry {Pending.Id}` sends to those again, `nightmail mark-sent {Pending.Id}` closes it");
    }

    [Theory]
    [InlineData("550 5.1.1 <ada@example.org>: Recipient address rejected", "550 5.1.1 <…@…>: Recipient address rejected")]
    [InlineData("no ada@example.org, no bob@x.example", "no …@…, no …@…")]
    [InlineData("<\"ada love\"@example.org> no", "<…@…> no")]
    [InlineData("ada@[192.0.2.1] no", "…@… no")]
    [InlineData("@ @@ a@", "…@… …@… …@…")]
    [InlineData("two\r\nlines", "two  lines")]
    public void No_sentence_names_an_address(string words, string shown) => Discretion.WithoutAddresses(words).ShouldBe(shown);
}
