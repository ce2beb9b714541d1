using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

public sealed class ReplyAssemblerTests
{
    [Theory]
    [InlineData("250 ok", 250, null, "ok")]
    [InlineData("250", 250, null, "")]
    [InlineData("250 ", 250, null, "")]
    [InlineData("250 2.1.0 ok", 250, "2.1.0", "ok")]
    [InlineData("550 5.7.509 no", 550, "5.7.509", "no")]
    [InlineData("550 5.1.1", 550, "5.1.1", "")]
    [InlineData("550 5.1 no", 550, null, "5.1 no")]
    [InlineData("550 5.1.1.1 no", 550, null, "5.1.1.1 no")]
    [InlineData("550 3.1.1 no", 550, null, "3.1.1 no")]
    [InlineData("550 5.1.1234 no", 550, null, "5.1.1234 no")]
    [InlineData("250-2.0.0 a|250-2.0.0 b|250 2.0.0 c", 250, "2.0.0", "a b c")]
    [InlineData("250-a|250 2.0.0 c", 250, null, "a 2.0.0 c")]
    [InlineData("250 a\u0007b\0c", 250, null, "a b c")]
    public void A_reply_is_read(string lines, int code, string? enhanced, string text)
    {
        var assembler = new ReplyAssembler();
        Reply? reply = null;
        foreach (var line in lines.Split('|'))
        {
            reply.ShouldBeNull();
            assembler.TryAdd(Encoding.UTF8.GetBytes(line), out reply).ShouldBeTrue();
        }

        reply.ShouldBe(new Reply(code, enhanced, text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("25")]
    [InlineData("hello")]
    [InlineData("050 no")]
    [InlineData("650 no")]
    [InlineData("2x0 no")]
    [InlineData("250_ok")]
    [InlineData("2500 ok")]
    [InlineData("250-a|251 b")]
    [InlineData("250-a|b")]
    public void What_is_no_reply_is_refused(string lines)
    {
        var assembler = new ReplyAssembler();
        var all = lines.Split('|');
        foreach (var line in all[..^1]) assembler.TryAdd(Encoding.UTF8.GetBytes(line), out _).ShouldBeTrue();
        assembler.TryAdd(Encoding.UTF8.GetBytes(all[^1]), out _).ShouldBeFalse();
    }

    [Fact]
    public void A_server_that_talks_without_end_is_stopped()
    {
        var assembler = new ReplyAssembler();
        for (var i = 0; i < ReplyAssembler.MaxLines; i++) assembler.TryAdd("250-more"u8, out _).ShouldBeTrue();
        assembler.TryAdd("250-more"u8, out _).ShouldBeFalse();
    }
}
