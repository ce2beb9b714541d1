using Nightmail.Core.Delivery;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Delivery;

/// <summary>A row a test for the table of outcomes.</summary>
public sealed class ReplyClassifierTests
{
    private const string Ok = "accepted";
    private const string Later = "deferred";
    private const string Never = "bounced";

    [Theory]
    // Agreement.
    [InlineData(SmtpStage.Greeting, "220 hello", Ok)]
    [InlineData(SmtpStage.Hello, "250 SIZE 1000", Ok)]
    [InlineData(SmtpStage.StartTls, "220 2.0.0 go ahead", Ok)]
    [InlineData(SmtpStage.Auth, "235 2.7.0 welcome", Ok)]
    [InlineData(SmtpStage.MailFrom, "250 2.1.0 ok", Ok)]
    [InlineData(SmtpStage.RcptTo, "250 2.1.5 ok", Ok)]
    [InlineData(SmtpStage.RcptTo, "251 will forward", Ok)]
    [InlineData(SmtpStage.RcptTo, "252 cannot verify", Ok)]
    [InlineData(SmtpStage.Data, "354 go on", Ok)]
    [InlineData(SmtpStage.FinalDot, "250 2.0.0 queued", Ok)]
    // About this message or recipient: later.
    [InlineData(SmtpStage.RcptTo, "450 mailbox busy", Later)]
    [InlineData(SmtpStage.RcptTo, "451 try later", Later)]
    [InlineData(SmtpStage.RcptTo, "452 no room", Later)]
    [InlineData(SmtpStage.RcptTo, "450 4.1.1 unknown for now", Later)]
    [InlineData(SmtpStage.RcptTo, "450 4.2.1 receiving at a rate limit of its own", Later)]
    [InlineData(SmtpStage.RcptTo, "452 4.2.2 over quota", Later)]
    [InlineData(SmtpStage.RcptTo, "451 4.7.1 greylisted", Later)]
    [InlineData(SmtpStage.Data, "451 4.7.1 greylisted", Later)]
    [InlineData(SmtpStage.FinalDot, "451 4.7.1 greylisted", Later)]
    [InlineData(SmtpStage.FinalDot, "450 4.6.0 cannot convert now", Later)]
    [InlineData(SmtpStage.FinalDot, "450 local error", Later)]
    // About this message or recipient: never.
    [InlineData(SmtpStage.RcptTo, "550 no such user", Never)]
    [InlineData(SmtpStage.RcptTo, "551 not local", Never)]
    [InlineData(SmtpStage.RcptTo, "552 full", Never)]
    [InlineData(SmtpStage.RcptTo, "553 no such name", Never)]
    [InlineData(SmtpStage.RcptTo, "554 no", Never)]
    [InlineData(SmtpStage.RcptTo, "550 5.1.1 unknown", Never)]
    [InlineData(SmtpStage.RcptTo, "550 5.1.2 bad domain", Never)]
    [InlineData(SmtpStage.RcptTo, "501 5.1.3 bad address syntax", Never)]
    [InlineData(SmtpStage.RcptTo, "550 5.1.6 moved", Never)]
    [InlineData(SmtpStage.RcptTo, "556 5.1.10 null MX", Never)]
    [InlineData(SmtpStage.RcptTo, "552 5.2.2 full", Never)]
    [InlineData(SmtpStage.RcptTo, "550 5.4.1 access denied", Never)]
    [InlineData(SmtpStage.RcptTo, "550 5.5.0 mailbox unavailable", Never)]
    [InlineData(SmtpStage.FinalDot, "554 rejected", Never)]
    [InlineData(SmtpStage.FinalDot, "552 5.3.4 too big", Never)]
    [InlineData(SmtpStage.FinalDot, "554 5.6.0 malformed", Never)]
    [InlineData(SmtpStage.FinalDot, "550 5.7.0 message content rejected", Never)]
    [InlineData(SmtpStage.FinalDot, "552 5.7.0 blocked content", Never)]
    [InlineData(SmtpStage.FinalDot, "553 5.7.0 content rejected", Never)]
    [InlineData(SmtpStage.FinalDot, "554 5.7.0 Reject, id=12345-01 - spam", Never)]
    [InlineData(SmtpStage.RcptTo, "550 5.7.0 not for this one", Never)]
    [InlineData(SmtpStage.RcptTo, "550 5.7.8 not for this one", Never)]
    [InlineData(SmtpStage.MailFrom, "552 5.3.4 message too big", Never)]
    [InlineData(SmtpStage.MailFrom, "552 message too big", Never)]
    // Policy about this email; many in a row are counted elsewhere.
    [InlineData(SmtpStage.RcptTo, "550 5.7.1 relaying denied", Never)]
    [InlineData(SmtpStage.FinalDot, "550 5.7.1 looks like spam", Never)]
    [InlineData(SmtpStage.FinalDot, "550 5.7.26 not authenticated mail", Never)]
    [InlineData(SmtpStage.Data, "554 5.7.509 policy", Never)]
    // The sender's address.
    [InlineData(SmtpStage.MailFrom, "550 no", "sender")]
    [InlineData(SmtpStage.MailFrom, "450 not now", "sender")]
    [InlineData(SmtpStage.MailFrom, "553 5.7.1 not owned by you", "sender")]
    [InlineData(SmtpStage.MailFrom, "550 5.1.1 unknown", "sender")]
    [InlineData(SmtpStage.RcptTo, "550 5.1.7 bad sender syntax", "sender")]
    [InlineData(SmtpStage.RcptTo, "550 5.1.8 sender domain unknown", "sender")]
    [InlineData(SmtpStage.RcptTo, "450 4.1.8 sender domain not found", "sender")]
    // The network and the server's own state.
    [InlineData(SmtpStage.Greeting, "450 busy", "network")]
    [InlineData(SmtpStage.Greeting, "554 no service", "network")]
    [InlineData(SmtpStage.Greeting, "421 too busy", "network")]
    [InlineData(SmtpStage.Hello, "451 not now", "network")]
    [InlineData(SmtpStage.Auth, "421 closing", "network")]
    [InlineData(SmtpStage.Auth, "454 4.7.0 cannot check now", "network")]
    [InlineData(SmtpStage.MailFrom, "421 4.3.2 shutting down", "network")]
    [InlineData(SmtpStage.RcptTo, "421 closing", "network")]
    [InlineData(SmtpStage.FinalDot, "421 closing", "network")]
    [InlineData(SmtpStage.MailFrom, "452 4.3.1 out of storage", "network")]
    [InlineData(SmtpStage.RcptTo, "451 4.3.0 lookup failed", "network")]
    [InlineData(SmtpStage.RcptTo, "451 4.4.3 directory unavailable", "network")]
    [InlineData(SmtpStage.FinalDot, "451 4.5.0 protocol trouble", "network")]
    [InlineData(SmtpStage.RcptTo, "454 temporary", "network")]
    [InlineData(SmtpStage.RcptTo, "454 4.7.1 relay access denied", "network")]
    // TLS.
    [InlineData(SmtpStage.StartTls, "454 4.7.0 no TLS now", "tls")]
    [InlineData(SmtpStage.StartTls, "501 no parameters", "tls")]
    // The login.
    [InlineData(SmtpStage.Auth, "535 5.7.8 bad credentials", "auth")]
    [InlineData(SmtpStage.Auth, "534 5.7.9 too weak", "auth")]
    [InlineData(SmtpStage.Auth, "504 5.5.4 mechanism unknown", "auth")]
    [InlineData(SmtpStage.MailFrom, "530 5.7.0 log in first", "auth")]
    [InlineData(SmtpStage.MailFrom, "530 5.7.57 not logged in", "auth")]
    [InlineData(SmtpStage.RcptTo, "530 log in first", "auth")]
    [InlineData(SmtpStage.RcptTo, "534 too weak", "auth")]
    [InlineData(SmtpStage.RcptTo, "535 bad", "auth")]
    [InlineData(SmtpStage.Data, "538 encryption needed", "auth")]
    [InlineData(SmtpStage.RcptTo, "530 5.7.0 log in first", "auth")]
    [InlineData(SmtpStage.RcptTo, "535 5.7.8 bad credentials", "auth")]
    [InlineData(SmtpStage.MailFrom, "550 5.7.0 log in first", "auth")]
    [InlineData(SmtpStage.FinalDot, "530 5.7.0 log in first", "auth")]
    [InlineData(SmtpStage.FinalDot, "554 5.7.8 credentials expired", "auth")]
    // Rates and quotas.
    [InlineData(SmtpStage.MailFrom, "450 4.7.1 rate limit exceeded", "quota")]
    [InlineData(SmtpStage.RcptTo, "451 4.7.1 Too many messages, slow down", "quota")]
    [InlineData(SmtpStage.FinalDot, "450 4.7.28 unusual rate", "quota")]
    [InlineData(SmtpStage.FinalDot, "550 5.4.5 daily sending quota exceeded", "quota")]
    [InlineData(SmtpStage.RcptTo, "452 4.5.3 too many recipients", "quota")]
    [InlineData(SmtpStage.Greeting, "421 4.7.0 too many connections", "quota")]
    // Distrust of the sender as a whole.
    [InlineData(SmtpStage.Greeting, "554 5.7.1 blocked", "reputation")]
    [InlineData(SmtpStage.Hello, "550 5.7.1 blocked", "reputation")]
    [InlineData(SmtpStage.Hello, "550 access denied", "reputation")]
    // Our own slips, and answers that are none.
    [InlineData(SmtpStage.Hello, "502 unknown", "protocol")]
    [InlineData(SmtpStage.MailFrom, "501 5.5.4 bad parameter", "protocol")]
    [InlineData(SmtpStage.MailFrom, "555 unknown parameter", "protocol")]
    [InlineData(SmtpStage.RcptTo, "500 unknown", "protocol")]
    [InlineData(SmtpStage.RcptTo, "501 bad", "protocol")]
    [InlineData(SmtpStage.RcptTo, "502 not implemented", "protocol")]
    [InlineData(SmtpStage.RcptTo, "503 out of order", "protocol")]
    [InlineData(SmtpStage.Data, "503 5.5.1 out of order", "protocol")]
    [InlineData(SmtpStage.Data, "250 what", "protocol")]
    [InlineData(SmtpStage.RcptTo, "354 what", "protocol")]
    // The enhanced code decides over the digits; one of success does not.
    [InlineData(SmtpStage.RcptTo, "550 4.7.1 greylisted", Later)]
    [InlineData(SmtpStage.RcptTo, "450 5.1.1 unknown", Never)]
    [InlineData(SmtpStage.RcptTo, "550 2.1.5 what", Never)]
    [InlineData(SmtpStage.RcptTo, "550 4.4.1 no answer", "network")]
    [InlineData(SmtpStage.RcptTo, "500 5.3.0 command failed", "protocol")]
    public void A_reply_means_what_the_table_says(SmtpStage stage, string line, string meaning) =>
        Name(ReplyClassifier.Classify(stage, Parse(line))).ShouldBe(meaning);

    [Fact]
    public void Every_reply_at_every_stage_has_a_meaning()
    {
        foreach (var stage in Enum.GetValues<SmtpStage>())
        {
            for (var code = 100; code < 600; code++)
            {
                ReplyClassifier.Classify(stage, new(code, null, "")).ShouldNotBeNull();
                if (code < 400) continue;
                for (var subject = 0; subject < 10; subject++) ReplyClassifier.Classify(stage, new(code, $"{code / 100}.{subject}.0", "")).ShouldNotBeNull();
            }
        }
    }

    private static Reply Parse(string line)
    {
        var words = line.Split(' ', 3);
        var isEnhanced = words.Length > 2 && words[1].Count(character => character == '.') == 2;
        return new(int.Parse(words[0]), isEnhanced ? words[1] : null, isEnhanced ? words[2] : line[4..]);
    }

    private static string Name(ReplyMeaning meaning) => meaning switch
    {
        ReplyMeaning.Accepted => Ok,
        ReplyMeaning.Deferred => Later,
        ReplyMeaning.Bounced => Never,
        ReplyMeaning.AccountFailure failure => failure.Reason.ToString().ToLowerInvariant(),
        _ => throw new InvalidOperationException(),
    };
}
