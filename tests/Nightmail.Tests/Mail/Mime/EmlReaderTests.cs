using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Mail.Mime;
using Nightmail.Testing.Mime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Mime;

public sealed class EmlReaderTests
{
    [Fact]
    public void The_header_is_read_and_decoded()
    {
        var header = Read("""
            From: =?utf-8?q?Grete_M=C3=BCller?= <grete@example.org>
            To: Ada <ada@example.org>,
             "Lovelace, B." <bob@example.org>
            to: Team: c@example.org, d@example.org;
            Cc:
            Bcc: eve@example.org
            Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= aus
             =?utf-8?b?S8O2bG4=?=
            Message-ID: <given@example.org>
            Date: Tue, 1 Dec 2026 09:00:00 +0100 (CET)
            X-Send-At: tomorrow 9:00
            Deferred-Delivery: Wed, 02 Dec 2026 09:00:00 +0100

            To: nobody@example.org
            """);
        header.From.ShouldHaveSingleItem().ShouldBe(new Mailbox("Grete Müller", "grete", "example.org"));
        header.To.Select(mailbox => mailbox.ToString()).ShouldBe(["Ada <ada@example.org>", "\"Lovelace, B.\" <bob@example.org>", "c@example.org", "d@example.org"]);
        header.Cc.ShouldBeEmpty();
        header.Bcc.ShouldHaveSingleItem().Address.ShouldBe("eve@example.org");
        header.Subject.ShouldBe("Grüße aus Köln");
        header.MessageId.ShouldBe("<given@example.org>");
        header.Date.ShouldBe(new DateTimeOffset(2026, 12, 1, 9, 0, 0, TimeSpan.FromHours(1)));
        header.SendAt.ShouldBe("tomorrow 9:00");
        header.DeferredDelivery.ShouldBe("Wed, 02 Dec 2026 09:00:00 +0100");
    }

    [Fact]
    public void What_is_not_there_is_empty()
    {
        var header = Read("X: y");
        header.ShouldBe(new EmlHeader { From = header.From, To = header.To, Cc = header.Cc, Bcc = header.Bcc });
        header.From.Concat(header.To).Concat(header.Cc).Concat(header.Bcc).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("Message-ID: none at all\nDate: yesterday\nSubject: x")]
    [InlineData("Message-ID: <two words>\nDate: 99 Dec 2026 09:00\nSubject: x")]
    public void What_cannot_be_read_and_is_not_needed_is_nothing(string text)
    {
        Read(text).MessageId.ShouldBeNull();
        Read(text).Date.ShouldBeNull();
    }

    [Theory]
    [InlineData("Subject: x\nTo: ada@example.org,\n bob\n\ntext", "line 2: To: at position 21: expected '@' or '<', found the end")]
    [InlineData("Subject: x\nBcc: <ada@example.org\n\ntext", "line 2: Bcc: at position 17: expected '>', found the end")]
    [InlineData("", "the message is empty")]
    [InlineData("no message", "line 1: expected a field")]
    public void An_error_names_the_line(string text, string expected) =>
        Should.Throw<MessageInvalidException>(() => Read(text)).Message.ShouldStartWith(expected);

    [Fact]
    public void Bytes_of_an_old_charset_are_read_as_latin_1() =>
        EmlReader.ReadHeader(new MemoryStream(Encoding.Latin1.GetBytes("Subject: größer\n\n"))).Subject.ShouldBe("größer");

    [Fact]
    public void A_name_that_decodes_to_a_line_break_stays_encoded() =>
        Read("To: =?utf-8?q?a=0D=0ABcc=3A_b?= <ada@example.org>\n\n").To[0].DisplayName.ShouldBe("=?utf-8?q?a=0D=0ABcc=3A_b?=");

    [Fact]
    public async Task What_the_composer_writes_is_read_back()
    {
        foreach (var message in Corpus.All.Where(message => message.Content.To.Count > 0))
        {
            var header = EmlReader.ReadHeader(new MemoryStream(await Composing.BytesAsync(message)));
            header.Subject.ShouldBe(message.Content.Subject, message.Name);
            header.To.Select(Plain).ShouldBe(message.Content.To.Select(Plain));
            header.Cc.Select(Plain).ShouldBe(message.Content.Cc.Select(Plain));
            header.From.Select(Plain).ShouldBe([Plain(Composing.From)]);
            header.MessageId.ShouldBe(Composing.Identity.MessageId);
            header.Date.ShouldBe(Composing.Date);
        }
    }

    private static string Plain(string text) => Mailbox.TryParse(text, out var mailbox, out var error) ? Plain(mailbox) : error;

    private static string Plain(Mailbox mailbox) => $"{mailbox.DisplayName} <{mailbox.Address}>";

    private static EmlHeader Read(string text) => EmlReader.ReadHeader(new MemoryStream(Encoding.UTF8.GetBytes(text)));
}
