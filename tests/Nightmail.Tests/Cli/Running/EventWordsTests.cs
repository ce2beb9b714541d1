using Nightmail.Cli.Printing;
using Nightmail.Cli.Running;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using NodaTime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Running;

public sealed class EventWordsTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 8, 0, 0, TimeSpan.Zero);

    private static readonly ScheduledEmail Email = new()
    {
        Id = EmailId.Parse("email_0123456789abcdef0123456789abcdef"),
        Content = new() { To = ["Bob <bob.secret@example.org>"] },
        ScheduledFor = Now,
        CreatedAt = Now,
        Attempts = 1,
    };

    [Fact]
    public void A_servers_words_lose_the_recipient()
    {
        var refused = Email with { Status = EmailStatus.Failed, Reason = FailureReason.Bounced, LastError = "550 5.1.1 <bob.secret@example.org>: unknown" };
        var happened = new EngineEvent.Recorded(Now, refused, 1, "work", TimeSpan.FromMilliseconds(5));

        EventWords.Line(happened, DateTimeZone.Utc, words => $"nightmail {words}").ShouldBe("failed email_0123456789abcdef0123456789abcdef through work (bounced): 550 5.1.1 <…@example.org>: unknown");
        JsonText.Line(json => EventWords.Write(json, happened)).ShouldNotContain("bob.secret");
    }

    [Fact]
    public void Lateness_is_told_only_of_a_first_attempt()
    {
        var sent = Email with { Status = EmailStatus.Sent, SentAt = Now.AddMilliseconds(31), SentReply = "250 Ok" };

        EventWords.Line(new EngineEvent.Recorded(Now, sent, 1, "work", TimeSpan.Zero), DateTimeZone.Utc, words => $"nightmail {words}").ShouldEndWith("through work: 250 Ok (31 ms after its time)");
        EventWords.Line(new EngineEvent.Recorded(Now, sent, 2, "work", TimeSpan.Zero), DateTimeZone.Utc, words => $"nightmail {words}").ShouldEndWith("through work: 250 Ok");
    }

    [Theory]
    [InlineData(EmailStatus.Pending, true, "deferred")]
    [InlineData(EmailStatus.Pending, false, "given_back")]
    [InlineData(EmailStatus.Sent, false, "sent")]
    [InlineData(EmailStatus.Failed, false, "failed")]
    [InlineData(EmailStatus.InDoubt, false, "in_doubt")]
    [InlineData(EmailStatus.Paused, false, "paused")]
    public void Every_end_of_an_attempt_has_its_name(EmailStatus status, bool waits, string name) =>
        EventWords.NameOf(new EngineEvent.Recorded(Now, Email with { Status = status, NextAttempt = waits ? Now : null }, 1, "work", TimeSpan.Zero)).ShouldBe(name);

    [Fact]
    public void An_email_that_newer_zone_rules_moved_is_told_of()
    {
        var moved = new EngineEvent.Moved(Now, Email with { ScheduledFor = Now.AddHours(1), Wish = new("2026-11-22T10:00:00", "Europe/Berlin", "2099a", Now.AddHours(1)) }, Now.AddHours(2));
        EventWords.Line(moved, DateTimeZone.Utc, words => $"nightmail {words}").ShouldBe("moved email_0123456789abcdef0123456789abcdef from 10:00 to 09:00: the rules of Europe/Berlin have changed");
        JsonText.Line(json => EventWords.Write(json, moved)).ShouldContain("\"before\":\"2026-11-22T10:00:00Z\"");
        EventWords.NameOf(moved).ShouldBe("moved");
    }

    [Fact]
    public void An_email_that_expired_and_a_fault_of_ours_have_their_words()
    {
        var expired = new EngineEvent.Expired(Now, Email with { Status = EmailStatus.Failed, Reason = FailureReason.Expired, NotAfter = Now.AddMinutes(-5) });
        EventWords.Line(expired, DateTimeZone.Utc, words => $"nightmail {words}").ShouldBe("expired email_0123456789abcdef0123456789abcdef: it was not wanted after 07:55");
        JsonText.Line(json => EventWords.Write(json, expired)).ShouldContain("\"notAfter\":\"2026-11-22T07:55:00Z\"");
        (EventWords.NameOf(expired), EventWords.NameOf(new EngineEvent.Faulted(Now, "odd"))).ShouldBe(("expired", "fault"));
        EventWords.Line(new EngineEvent.Faulted(Now, "odd"), DateTimeZone.Utc, words => $"nightmail {words}").ShouldBe("a fault in nightmail, please report it: odd");
    }
}
