using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Testing.Mime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Mime;

/// <summary>Messages that a person hands in complete.</summary>
public sealed class CompleteMessageTests
{
    private const string Given = "Date: Tue, 01 Dec 2026 09:00:00 +0100\r\nFrom: bob@example.org\r\nMessage-ID: <given@example.org>\r\n";
    private const string Date = "Date: Sun, 29 Mar 2026 09:00:00 +0200\r\n";
    private const string From = "From: =?utf-8?q?Grete_M=C3=BCller?= <grete@example.org>\r\n";
    private const string MessageId = "Message-ID: <0193a1b2c3d4@example.org>\r\n";

    [Theory]
    [InlineData(Given + "\r\nbody\r\n", Given + "\r\nbody\r\n")]
    [InlineData(Given + "\r\nbody", Given + "\r\nbody\r\n")]
    [InlineData(Given + "\r\n", Given + "\r\n")]
    [InlineData(Given, Given + "\r\n")]
    [InlineData(Given + "Subject: no final line end", Given + "Subject: no final line end\r\n\r\n")]
    [InlineData(Given + "Bcc: eve@example.org\r\nSubject: x\r\n\r\nb\r\n", Given + "Subject: x\r\n\r\nb\r\n")]
    [InlineData(Given + "bcc : eve@example.org,\r\n\tmallory@example.org,\r\n trent@example.org\r\nSubject: x\r\n folded\r\n\r\nb\r\n", Given + "Subject: x\r\n folded\r\n\r\nb\r\n")]
    [InlineData("Bcc: a@example.org\r\n" + Given + "BCC: b@example.org\r\nResent-Bcc: c@example.org\r\n\r\nBcc: stays\r\n", Given + "\r\nBcc: stays\r\n")]
    [InlineData("Subject: x\n\nunix\nlines\n", Date + From + MessageId + "Subject: x\r\n\r\nunix\r\nlines\r\n")]
    [InlineData("Subject: x\r\nDate:\r\nMessage-ID: \r\n\r\nb\r\n", Date + From + MessageId + "Subject: x\r\n\r\nb\r\n")]
    [InlineData("From bob Tue Dec  1 09:00:00 2026\n" + "Subject: x\n\nb\n", Date + From + MessageId + "Subject: x\r\n\r\nb\r\n")]
    [InlineData("\ufeffSubject: x\n\nb\n", Date + From + MessageId + "Subject: x\r\n\r\nb\r\n")]
    [InlineData(Given + "\r\na\rb\n\rc\r\r\nd\r\n", Given + "\r\na\r\nb\r\n\r\nc\r\n\r\nd\r\n")]
    [InlineData(Given + "\r\n.\r\n..\r\n\r\n\r\n", Given + "\r\n.\r\n..\r\n\r\n\r\n")]
    [InlineData(Given + "X-Long: " + "a\tb  c\r\n\r\n", Given + "X-Long: a\tb  c\r\n\r\n")]
    public async Task Its_bytes_are_kept_but_for_what_must_change(string given, string expected) =>
        Encoding.UTF8.GetString(await SendAsync(given)).ShouldBe(expected);

    [Theory]
    [InlineData("", "the message is empty")]
    [InlineData("\r\n", "line 1: the message has no header")]
    [InlineData("\r\nbody\r\n", "line 1: the message has no header")]
    [InlineData("just a text\r\n", "line 1: expected a field")]
    [InlineData(" folded: from what\r\n", "line 1: expected a field such as 'Subject: …'; found a blank")]
    [InlineData("Subject: x\r\nwrong\r\n\r\n", "line 2: expected a field such as 'Subject: …', or an empty line before the text; found no name and colon")]
    [InlineData("Subject: x\r\nA b: x\r\n\r\n", "line 2: expected a field")]
    [InlineData("Subject: x\rBcc: eve@example.org\r\n\r\n", "line 1: expected only text in the header; found a CR that ends no line")]
    [InlineData("Subject: x\r\nX: a\0b\r\n\r\n", "line 2: expected only text in the header; found a NUL")]
    public async Task What_is_no_message_is_refused(string given, string why) =>
        (await Should.ThrowAsync<MessageInvalidException>(() => SendAsync(given))).Message.ShouldStartWith(why);

    [Fact]
    public async Task A_header_without_end_is_refused()
    {
        var given = "Subject: x\r\n" + string.Concat(Enumerable.Repeat("X-Fill: 0123456789\r\n", 60_000));
        (await Should.ThrowAsync<MessageInvalidException>(() => SendAsync(given))).Message.ShouldStartWith("the header is longer than 1024 kB");
        (await Should.ThrowAsync<MessageInvalidException>(() => SendAsync(new string('x', 2_000_000)))).Message.ShouldStartWith("the header is longer than 1024 kB");
    }

    [Theory]
    [InlineData("Subject: x\r\n\r\nplain\r\n", false, false)]
    [InlineData("Subject: x\r\n\r\ngrößer\r\n", true, false)]
    [InlineData("Subject: größer\r\n\r\nplain\r\n", false, false)]
    [InlineData("To: 用户@example.org\r\n\r\ngrößer\r\n", true, true, HeaderForm.Utf8)]
    [InlineData("Bcc: 用户@example.org\r\n\r\nplain\r\n", false, false)]
    [InlineData("References: <ä@example.org>\r\n\r\nplain\r\n", false, false, HeaderForm.Utf8)]
    public async Task It_says_what_the_server_must_be_able_to_carry(string given, bool is8Bit, bool needsSmtpUtf8, HeaderForm header = HeaderForm.Ascii)
    {
        await using var message = await OpenAsync(Encoding.UTF8.GetBytes(given));
        message.Is8Bit.ShouldBe(is8Bit);
        message.NeedsSmtpUtf8.ShouldBe(needsSmtpUtf8);
        message.Header.ShouldBe(header);
    }

    [Fact]
    public void Whatever_the_body_no_bare_cr_or_lf_is_left_and_the_length_is_right() =>
        Prop.ForAll(Gen.Elements("\r", "\n", "\r\n", "a", ".", "ü", "\r\n" + new string('z', 150)).ListOf().Select(pieces => string.Concat(pieces)).ToArbitrary(), body =>
        {
            var sent = Encoding.UTF8.GetString(SendAsync(Given + "\r\n" + body).GetAwaiter().GetResult());
            sent.Replace("\r\n", "").AsSpan().ContainsAny('\r', '\n').ShouldBeFalse();
            sent.ShouldEndWith("\r\n");
            sent.ReplaceLineEndings("\n").TrimEnd('\n').ShouldBe((Given + "\r\n" + body).ReplaceLineEndings("\n").TrimEnd('\n'));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));

    [Fact]
    public async Task Everything_of_the_corpus_can_be_handed_in_complete()
    {
        foreach (var corpus in Corpus.All)
        {
            var bytes = await Composing.BytesAsync(corpus);
            var withBcc = Encoding.ASCII.GetBytes("Bcc: eve@example.org,\r\n mallory@example.org\r\n").Concat(bytes).ToArray();
            await using var message = await OpenAsync(withBcc);
            (await Composing.BytesAsync(message)).AsSpan().SequenceEqual(bytes).ShouldBeTrue(corpus.Name);
        }
    }

    private static async Task<byte[]> SendAsync(string given)
    {
        await using var message = await OpenAsync(Encoding.UTF8.GetBytes(given));
        return await Composing.BytesAsync(message);
    }

    private static async Task<IOutgoingMessage> OpenAsync(byte[] given)
    {
        var blobs = new MemoryBlobStore();
        return await Composing.ComposeAsync(new EmailContent { Eml = blobs.Add(given), To = ["ada@example.org"] }, blobs);
    }
}
