using FsCheck;
using FsCheck.Fluent;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Mime;

/// <summary>What no message can be written from, and that nothing given can become a header of its own.</summary>
public sealed class RefusalTests
{
    private static readonly EmailContent Good = new() { To = ["ada@example.org"], Subject = "s", Text = "t\n" };

    [Theory]
    [InlineData("a\r\nBcc: eve@example.org")]
    [InlineData("a\nb")]
    [InlineData("a\rb")]
    [InlineData("a\0b")]
    public async Task A_line_break_or_nul_in_a_header_is_refused(string text)
    {
        (await RefusalAsync(Good with { Subject = text })).ShouldBe("the subject holds a line break or NUL; write it in one line");
        (await RefusalAsync(Good with { Headers = [new("X-Note", text)] })).ShouldBe("the header 'X-Note' holds a line break or NUL; write it in one line");
        (await RefusalAsync(Good with { Headers = [new(text, "x")] })).ShouldStartWith("the name of an extra header");
        (await RefusalAsync(Good with { To = [$"{text} <ada@example.org>"] })).ShouldStartWith("To 1: at position 2: expected no line break");
        (await RefusalAsync(Good with { Cc = ["bob@example.org", $"{text}@example.org"] })).ShouldStartWith("Cc 2: at position 2: expected no line break");
        (await RefusalAsync(Good, Composing.Identity with { From = $"\"{text}\" <ada@example.org>" })).ShouldStartWith("From: at position 3: expected no line break");
        (await RefusalAsync(Good, Composing.Identity with { MessageId = $"<{text}@example.org>" })).ShouldStartWith("the Message-ID has to look like");
        (await RefusalAsync(Good with { Attachments = [new(text, new BlobRef("00", 0))] })).ShouldStartWith("the name of an attachment");
    }

    [Theory]
    [InlineData("From", "is written from the email itself")]
    [InlineData("to", "is written from the email itself")]
    [InlineData("CC", "is written from the email itself")]
    [InlineData("Subject", "is written from the email itself")]
    [InlineData("Mime-Version", "is written from the email itself")]
    [InlineData("Content-Type", "is written from the email itself")]
    [InlineData("Content-Anything", "is written from the email itself")]
    [InlineData("bcc", "never leaves the house")]
    [InlineData("Resent-Bcc", "never leaves the house")]
    [InlineData("Date", "cannot be read")]
    [InlineData("Message-ID", "has to look like")]
    [InlineData("Reply-To", "at position")]
    [InlineData("X Y", "the name of an extra header")]
    [InlineData("X:Y", "the name of an extra header")]
    [InlineData("Größe", "the name of an extra header")]
    [InlineData("", "the name of an extra header")]
    public async Task An_extra_header_that_is_not_the_caller_s_to_write_is_refused(string name, string why) =>
        (await RefusalAsync(Good with { Headers = [new(name, "x")] })).ShouldContain(why);

    [Fact]
    public async Task An_extra_header_that_no_line_can_hold_is_refused()
    {
        (await RefusalAsync(Good with { Headers = [new("X-Long", new string('x', 901))] })).ShouldContain("more than 900 characters");
        (await RefusalAsync(Good with { Headers = [new("X-Long", string.Concat(Enumerable.Repeat("word ", 20_000)))] })).ShouldContain("longer than 64 kB");
        (await RefusalAsync(Good with { Headers = [new("Date", "1 Jan 2026 00:00 +0100" + new string('x', 1_000))] })).ShouldContain("cannot be read");
        (await RefusalAsync(Good with { Headers = [new("Date", "1 Jan 2026 00:00"), new("date", "1 Jan 2026 00:00")] })).ShouldContain("more than once");
    }

    [Theory]
    [InlineData("pdf")]
    [InlineData("application/")]
    [InlineData("a/b\r\nX: y")]
    [InlineData("a/b/c")]
    [InlineData("a b/c")]
    public async Task An_attachment_s_type_that_is_none_is_refused(string type) =>
        (await RefusalAsync(Good with { Attachments = [new("a.pdf", new BlobRef("00", 0)) { ContentType = type }] })).ShouldContain("the type of an attachment");

    [Fact]
    public void Nothing_that_is_given_becomes_a_header_of_its_own() =>
        Prop.ForAll((from one in Hostile from two in Hostile from three in Hostile select (one, two, three)).ToArbitrary(), texts =>
        {
            var (one, two, three) = texts;
            var content = Good with
            {
                To = [$"{Quoting.Quoted(one)} <ada@example.org>"],
                Subject = two,
                Headers = [new("X-Note", three), new("Reply-To", $"{one} <a@example.org>"), new("References", two)],
                Attachments = [new(three.Length == 0 ? "x" : three, Testing.Mime.MemoryBlobStore.RefOf([])) { ContentId = one }],
                Html = $"<img src=\"cid:{one}\">",
            };
            var blobs = new Testing.Mime.MemoryBlobStore();
            blobs.Add([]);
            byte[] bytes;
            try
            {
                bytes = Composing.BytesAsync(content, blobs).GetAwaiter().GetResult();
            }
            catch (MessageInvalidException refusal)
            {
                refusal.Message.ShouldAllBe(character => !char.IsControl(character));
                return;
            }

            Composing.ShouldBeFitToSend(bytes);
            Composing.HeaderLines(bytes).Where(line => line[0] != ' ').Select(line => line[..line.IndexOf(':')])
                .ShouldBe(["Date", "From", "To", "Subject", "Message-ID", "X-Note", "Reply-To", "References", "MIME-Version", "Content-Type"]);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

    private static Gen<string> Hostile =>
        Gen.Frequency(
                (30, Gen.Elements("a", " ", "ü", "語", "=?utf-8?q?=0D=0ABcc:_x?=", ":", ";", "\"", "\\", "<", ">", ",", "Bcc: eve@example.org", "--", "%0D%0A", "=0D=0A", "\u2028", "\u0085", "\ud83d", "\u00a0")),
                (1, Gen.Elements("\r\n", "\n", "\r", "\0", "\t", "\v", "\f")))
            .ListOf().Select(pieces => string.Concat(pieces));

    private static async Task<string> RefusalAsync(EmailContent content, MessageIdentity? identity = null) =>
        (await Should.ThrowAsync<MessageInvalidException>(() => Composing.BytesAsync(content, identity: identity))).Message;
}
