using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Testing.Mime;
using Nightmail.Tests.Mail.Mime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>What hostile content looks like on the wire: every byte that the client sends is looked at.</summary>
public sealed class SmugglingTests
{
    private const string Smuggled = "MAIL FROM:<eve@b.test>\r\nRCPT TO:<all@b.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nhello\r\n";

    /// <summary>Ends of a message for one server or another, and none of them for ours.</summary>
    public static TheoryData<string> Ends => ["\n.\n", "\n.\r\n", "\r.\r", "\r\n.\r", "\r\n.\n", "\r.\r\n", "\n.\r", "\r\n\0.\r\n", "\r\n.\r\n", "\r\n..\r\n", "\n\n.\n\n"];

    public static TheoryData<string> EndsWithoutNul => [.. Ends.Select(row => row.Data).Where(end => !end.Contains('\0'))];

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task No_text_ends_a_message_early(string end)
    {
        var wire = await WireAsync(new EmailContent { To = ["bob@b.test"], Subject = "x", Text = "before" + end + Smuggled + "after" });

        Wire.ShouldBeOneTransaction(wire);
        Encoding.ASCII.GetString(wire).Split("\r\n.\r\n").Length.ShouldBe(2);
    }

    [Theory]
    [MemberData(nameof(EndsWithoutNul))]
    public async Task No_complete_message_ends_early(string end)
    {
        var blobs = new MemoryBlobStore();
        var eml = Encoding.Latin1.GetBytes("From: ada@a.test\r\nTo: bob@b.test\r\nSubject: x\r\n\r\nbefore" + end + Smuggled + "after");
        var blob = await blobs.AddAsync(new MemoryStream(eml), CancellationToken.None);

        Wire.ShouldBeOneTransaction(await WireAsync(new EmailContent { To = ["bob@b.test"], Eml = blob }, blobs));
    }

    [Fact]
    public async Task A_NUL_in_a_complete_message_is_refused_before_anything_is_sent()
    {
        var blobs = new MemoryBlobStore();
        var blob = await blobs.AddAsync(new MemoryStream("From: ada@a.test\r\n\r\na\0b\r\n"u8.ToArray()), CancellationToken.None);

        (await Should.ThrowAsync<MessageInvalidException>(() => Composing.ComposeAsync(new EmailContent { To = ["bob@b.test"], Eml = blob }, blobs))).Message.ShouldContain("a NUL");
    }

    [Theory]
    [InlineData("bob@b.test>\r\nRCPT TO:<eve@b.test")]
    [InlineData("bob@b.test\nDATA")]
    [InlineData("bob@b.test\0")]
    [InlineData("\"bob\r\n\"@b.test")]
    [InlineData("bob@b.test> NOTIFY=SUCCESS <eve@b.test")]
    public async Task No_recipient_becomes_a_command(string recipient)
    {
        var (wire, outcome) = await Wire.ExchangeAsync(new TextMessage("Subject: x\r\n\r\n"), "ada@a.test", ["bob@b.test", recipient]);

        outcome.Verdicts().ShouldBe([Verdict.Delivered, Verdict.Bounced]);
        Wire.Commands(wire).ShouldBe(["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]);
        Encoding.Latin1.GetString(wire).ShouldNotContain("eve@b.test");
    }

    [Theory]
    [InlineData("ada@a.test>\r\nRCPT TO:<eve@b.test")]
    [InlineData("ada@a.test> BODY=8BITMIME <x@y.test")]
    public async Task No_sender_becomes_a_command(string sender)
    {
        var (wire, outcome) = await Wire.ExchangeAsync(new TextMessage("Subject: x\r\n\r\n"), sender, ["bob@b.test"]);

        outcome.Verdicts().ShouldBe([Verdict.Bounced]);
        Wire.Commands(wire).ShouldBe(["EHLO", "QUIT"]);
    }

    private static async Task<byte[]> WireAsync(EmailContent content, MemoryBlobStore? blobs = null)
    {
        await using var message = await Composing.ComposeAsync(content, blobs);
        var (wire, outcome) = await Wire.ExchangeAsync(message, "ada@a.test", ["bob@b.test"]);
        outcome.Verdicts().ShouldBe([Verdict.Delivered]);
        return wire;
    }
}
