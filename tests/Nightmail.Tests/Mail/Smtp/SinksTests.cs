using System.Net.Sockets;
using System.Text;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>The sinks that other tests rely on, spoken to by hand.</summary>
public sealed class SinksTests
{
    private const string Message = "Subject: x\r\n folded\r\n\r\n..dot\r\nlast\r\n";

    [Fact]
    public async Task Smtp_sink_keeps_what_it_took()
    {
        await using var sink = await SmtpSink.StartAsync();
        await TalkAsync(sink.Port, "EHLO me", "MAIL FROM:<a@b.test> BODY=8BITMIME", "RCPT TO:<c@d.test>", "RCPT TO:<\"x y\"@d.test>", "DATA", Message + ".");

        var message = (await sink.WaitForAsync(1)).ShouldHaveSingleItem();

        message.From.ShouldBe("a@b.test");
        message.Recipients.ShouldBe(["c@d.test", "\"x y\"@d.test"]);
        message.MailParameters.ShouldBe(["BODY=8BITMIME"]);
        message.Text.ShouldBe(Message.Replace("..dot", ".dot"));
        message.Header("subject").ShouldBe("x folded");
    }

    [Fact]
    public async Task Aiosmtpd_keeps_what_it_took_and_follows_its_rules()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new()
        {
            Rules = [SinkRule.RefuseRecipient("never@d.test", "550 5.1.1 no"), SinkRule.RefuseRecipient("later@d.test", "451 4.7.1 later", times: 1)],
        });
        string[] dialogue = ["EHLO me", "MAIL FROM:<a@b.test> SIZE=40", "RCPT TO:<c@d.test>", "RCPT TO:<never@d.test>", "RCPT TO:<later@d.test>", "DATA", Message + "."];
        var first = await TalkAsync(sink.Port, dialogue);
        await sink.SetRulesAsync(SinkRule.AnswerDot("452 4.3.1 full"));
        var second = await TalkAsync(sink.Port, dialogue);

        first[2..5].ShouldBe(["250 2.1.0 Ok", "250 2.1.5 Ok", "550 5.1.1 no"]);
        first[5].ShouldBe("451 4.7.1 later");
        second[^1].ShouldBe("452 4.3.1 full");
        var messages = await sink.WaitForAsync(2);
        messages.Select(message => message.Taken).ShouldBe([true, false]);
        messages[0].Recipients.ShouldBe(["c@d.test"]);
        messages[0].MailParameters.ShouldBe(["SIZE=40"]);
        messages[0].Text.ShouldBe(Message.Replace("..dot", ".dot"));
        messages[1].Recipients.Count.ShouldBe(3);
    }

    [Fact]
    public async Task Aiosmtpd_keeps_a_message_that_it_never_answers_for()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = [SinkRule.CutAtDot(times: 1), SinkRule.NeverAnswerDot(times: 1)] });

        var replies = await TalkAsync(sink.Port, "EHLO me", "MAIL FROM:<a@b.test>", "RCPT TO:<c@d.test>", "DATA", Message + ".");
        replies[^1].ShouldBe("");
        using var silent = new TcpClient("127.0.0.1", sink.Port);
        await silent.GetStream().WriteAsync(Encoding.Latin1.GetBytes("EHLO me\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n" + Message + ".\r\n"));

        var messages = await sink.WaitForAsync(2);
        messages.ShouldAllBe(message => message.Taken && message.Reply == null);
    }

    /// <summary>Says each line after the last reply.</summary>
    /// <returns>The last line of the greeting and of each reply; an empty one where the connection ended.</returns>
    private static async Task<List<string>> TalkAsync(int port, params string[] lines)
    {
        using var client = new TcpClient("127.0.0.1", port);
        client.NoDelay = true;
        using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
        var replies = new List<string> { await ReplyAsync(reader) };
        foreach (var line in lines)
        {
            await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(line + "\r\n"));
            replies.Add(await ReplyAsync(reader));
        }

        return replies;
    }

    private static async Task<string> ReplyAsync(StreamReader reader)
    {
        try
        {
            string? line;
            do line = await reader.ReadLineAsync();
            while (line is { Length: > 3 } && line[3] == '-');
            return line ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
