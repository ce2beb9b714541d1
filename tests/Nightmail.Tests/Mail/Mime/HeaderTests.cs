using System.Text;
using Nightmail.Core.Emails;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Mime;

public sealed class HeaderTests
{
    [Fact]
    public async Task A_plain_message_is_written_like_this()
    {
        var content = new EmailContent
        {
            To = ["Ada Lovelace <ada@example.org>"],
            Cc = ["\"Byron, Lord\" <byron@bücher.example>"],
            Bcc = ["eve@example.org"],
            Subject = "Notes on Größe and other things that make this line long enough to fold",
            Headers = [new("Reply-To", "replies@example.org"), new("X-Mailer", "Nightmail")],
            Text = "Dear Ada,\n.\nbest",
        };
        Encoding.ASCII.GetString(await Composing.BytesAsync(content)).ShouldBe("""
            Date: Sun, 29 Mar 2026 09:00:00 +0200
            From: =?utf-8?q?Grete_M=C3=BCller?= <grete@example.org>
            To: Ada Lovelace <ada@example.org>
            Cc: "Byron, Lord" <byron@xn--bcher-kva.example>
            Subject: Notes on =?utf-8?b?R3LDtsOfZQ==?= and other things that make this
             line long enough to fold
            Message-ID: <0193a1b2c3d4@example.org>
            Reply-To: replies@example.org
            X-Mailer: Nightmail
            MIME-Version: 1.0
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: 7bit

            Dear Ada,
            .
            best

            """.ReplaceLineEndings("\r\n"));
    }

    [Fact]
    public async Task An_extra_date_or_message_id_takes_the_place_of_ours()
    {
        var content = new EmailContent
        {
            To = ["ada@example.org"],
            Headers = [new("date", "Tue, 1 Dec 2026 09:00:00 +0100"), new("Message-Id", "<mine@example.org>")],
        };
        var names = Composing.HeaderLines(await Composing.BytesAsync(content)).Select(line => line.Split(':')[0]);
        names.ShouldBe(["From", "To", "Subject", "date", "Message-Id", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]);
    }

    [Theory]
    [InlineData("用户@example.org", true)]
    [InlineData("ada@例子.测试", false)]
    [InlineData("Größe <ada@example.org>", false)]
    public async Task Only_a_local_part_beyond_ascii_needs_smtputf8(string mailbox, bool needs)
    {
        await using var to = await Composing.ComposeAsync(new EmailContent { To = [mailbox], Text = "größer" });
        to.NeedsSmtpUtf8.ShouldBe(needs);
        to.Is8Bit.ShouldBeFalse();
        await using var from = await Composing.ComposeAsync(new EmailContent { To = ["a@example.org"] }, identity: Composing.Identity with { From = mailbox });
        from.NeedsSmtpUtf8.ShouldBe(needs);
    }

    [Fact]
    public async Task A_message_id_of_an_international_domain_is_ascii() =>
        Composing.HeaderLines(await Composing.BytesAsync(new EmailContent { To = ["a@example.org"] }, identity: Composing.Identity with { MessageId = "<x@bücher.example>" }))
            .ShouldContain("Message-ID: <x@xn--bcher-kva.example>");
}
