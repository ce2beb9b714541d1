using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Mail.Transports;
using Nightmail.Testing.Mime;
using Nightmail.Tests.Mail.Mime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>Hostile words in every field that a person or a program can set, and what of them comes to the wire: nothing, or nothing but text.</summary>
public sealed class HostileFieldsTests
{
    /// <summary>Line ends of every kind with something to smuggle behind them, characters that some take for line ends, and lines that no server has to carry.</summary>
    private static readonly string[] Payloads =
    [
        "x\r\nBcc: eve@b.test", "x\nBcc: eve@b.test", "x\rBcc: eve@b.test", "x\r\n\r\nbody", "x\r\n.\r\nMAIL FROM:<eve@b.test>\r\nRCPT TO:<all@b.test>\r\nDATA", "x\n.\nRSET",
        "x\0y", "x\u0085Bcc: eve@b.test", "x\u2028Bcc: eve@b.test", "x\u000bBcc: eve@b.test", "x\u000cBcc: eve@b.test", "x\ud83dy", "=?utf-8?q?=0D=0ABcc:_eve@b.test?=", "x> NOTIFY=NEVER <y", "x;y=\"z\r\nBcc: eve@b.test\"",
        new string('x', 5_000), new string('ü', 3_000), string.Concat(Enumerable.Repeat("word ", 3_000)),
    ];

    private static readonly Dictionary<string, Func<EmailContent, string, EmailContent>> Fields = new()
    {
        ["subject"] = (content, text) => content with { Subject = text },
        ["to, name"] = (content, text) => content with { To = [$"{text} <bob@b.test>"] },
        ["to, encoded name"] = (content, text) => content with { To = [$"{Word(text)} <bob@b.test>"] },
        ["to, quoted name"] = (content, text) => content with { To = [$"{Quoting.Quoted(text)} <bob@b.test>"] },
        ["to, local part"] = (content, text) => content with { To = [$"{Quoting.Quoted(text)}@b.test"] },
        ["to, domain"] = (content, text) => content with { To = [$"bob@{text}"] },
        ["cc"] = (content, text) => content with { Cc = [text] },
        ["header, name"] = (content, text) => content with { Headers = [new(text, "x")] },
        ["header, value"] = (content, text) => content with { Headers = [new("X-Note", text)] },
        ["reply-to"] = (content, text) => content with { Headers = [new("Reply-To", $"{text} <a@a.test>")] },
        ["references"] = (content, text) => content with { Headers = [new("References", text)] },
        ["message-id"] = (content, text) => content with { Headers = [new("Message-ID", $"<{text}@a.test>")] },
        ["date"] = (content, text) => content with { Headers = [new("Date", "Tue, 01 Dec 2026 09:00:00 +0100" + text)] },
        ["unsubscribe"] = (content, text) => content with { Headers = [new("List-Unsubscribe", $"<https://a.test/{text}>")] },
        ["text"] = (content, text) => content with { Text = text },
        ["html"] = (content, text) => content with { Html = text },
        ["file name"] = (content, text) => content with { Attachments = [new(text, MemoryBlobStore.RefOf([]))] },
        ["file type"] = (content, text) => content with { Attachments = [new("a.bin", MemoryBlobStore.RefOf([])) { ContentType = "application/" + text }] },
        ["content id"] = (content, text) => content with { Html = $"<img src=\"cid:{text}\">", Attachments = [new("a.png", MemoryBlobStore.RefOf([])) { ContentId = text }] },
    };

    /// <summary>What a message may have in its header here; nothing that was given becomes a field of its own.</summary>
    private static readonly HashSet<string> Expected =
    [
        "Date", "From", "To", "Cc", "Subject", "Message-ID", "X-Note", "Reply-To", "References", "List-Unsubscribe", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    ];

    public static TheoryData<string> FieldNames => [.. Fields.Keys];

    [Theory]
    [MemberData(nameof(FieldNames))]
    public async Task Nothing_that_is_set_leaves_its_place(string field)
    {
        foreach (var payload in Payloads)
        {
            var content = Fields[field](new EmailContent { To = ["bob@b.test"], Subject = "s", Text = "t" }, payload);
            byte[] bytes;
            try
            {
                var blobs = new MemoryBlobStore();
                blobs.Add([]);
                await using var message = await Composing.ComposeAsync(content, blobs);
                (bytes, _) = await Wire.ExchangeAsync(message, "ada@a.test", ["bob@b.test"]);
            }
            catch (MessageInvalidException refused)
            {
                refused.Message.ShouldAllBe(character => !char.IsControl(character));
                continue;
            }

            Check(bytes, $"{field}: {payload[..Math.Min(40, payload.Length)]}");
        }
    }

    [Theory]
    [InlineData("me.test\r\nMAIL FROM:<eve@b.test>")]
    [InlineData("me.test\nRSET")]
    [InlineData("me test")]
    [InlineData("")]
    [InlineData("mé.test")]
    public async Task A_name_for_EHLO_that_is_none_is_not_said(string name)
    {
        var (bytes, outcome) = await Wire.ExchangeAsync(new TextMessage("Subject: x\r\n\r\n"), "ada@a.test", ["bob@b.test"], settings => settings with { HelloName = name });

        outcome.Fault!.Reason.ShouldBe(AccountFaultReason.Configuration);
        bytes.ShouldBeEmpty();
    }

    [Fact]
    public async Task Hostile_headers_of_a_complete_message_are_refused_or_stay_in_their_place()
    {
        foreach (var payload in Payloads.Where(payload => !payload.Contains("\r\n", StringComparison.Ordinal) && !payload.Contains('\n')))
        {
            var blobs = new MemoryBlobStore();
            var eml = blobs.Add(Encoding.UTF8.GetBytes($"From: ada@a.test\r\nTo: bob@b.test\r\nBcc: eve@b.test\r\nbcc : {payload}\r\nSubject: {payload}\r\n\r\n{payload}\r\n"));
            try
            {
                await using var message = await Composing.ComposeAsync(new EmailContent { To = ["bob@b.test"], Eml = eml }, blobs);
                var (bytes, outcome) = await Wire.ExchangeAsync(message, "ada@a.test", ["bob@b.test"]);
                outcome.Recipients[0].Verdict.ShouldBeOneOf(Verdict.Delivered, Verdict.Bounced);
                Check(bytes, payload);
            }
            catch (MessageInvalidException refused)
            {
                refused.Message.ShouldAllBe(character => !char.IsControl(character));
            }
        }
    }

    [Theory]
    [InlineData("To")]
    [InlineData("Cc")]
    [InlineData("Reply-To")]
    [InlineData("From")]
    [InlineData("Subject")]
    public async Task An_encoded_word_of_a_complete_message_smuggles_nothing_when_its_header_becomes_ascii(string field)
    {
        const string Smuggler = "=?utf-8?q?a=0D=0AReply-To=3A_evil=40x.test=0D=0AX=3A_?=";
        foreach (var word in Payloads.Select(Word).Prepend(Smuggler.Replace("=40", "@", StringComparison.Ordinal)).Prepend(Smuggler))
        {
            // Müller is why the field is written anew, and the long line is why the whole message is.
            foreach (var body in (string[])["x", new string('x', 5_000)])
            {
                var given = $"{(field == "From" ? "" : "From: ada@a.test\r\n")}{field}: {word} <bob@b.test>, Müller <m@b.test>\r\n\r\n{body}\r\n";
                try
                {
                    var (bytes, outcome) = await Wire.ExchangeAsync(await OpenAsync(given), "ada@a.test", ["bob@b.test"]);
                    Check(bytes, word);
                    if (outcome.Recipients[0].Verdict != Verdict.Delivered) word.ShouldNotBe(Smuggler);
                    else foreach (var message in (string[])[await ByCommandAsync(given), MessageOf(Encoding.Latin1.GetString(bytes))])
                    {
                        CheckHeader(message, word);
                        HeaderOf(message).ShouldAllBe(line => !line.Any(char.IsControl), word);
                    }
                }
                catch (MessageInvalidException refused)
                {
                    word.ShouldNotBe(Smuggler);
                    refused.Message.ShouldAllBe(character => !char.IsControl(character));
                }
            }
        }
    }

    private static string Word(string text) => $"=?utf-8?b?{Convert.ToBase64String(Encoding.UTF8.GetBytes(text))}?=";

    private static async Task<IOutgoingMessage> OpenAsync(string given)
    {
        var blobs = new MemoryBlobStore();
        return await Composing.ComposeAsync(new EmailContent { To = ["bob@b.test"], Eml = blobs.Add(Encoding.UTF8.GetBytes(given)) }, blobs);
    }

    /// <summary>What a program gets on its standard input.</summary>
    private static async Task<string> ByCommandAsync(string given)
    {
        var target = Path.GetTempFileName();
        await using var transport = new CommandTransport(new() { Words = ["/bin/sh", "-c", $"cat >{target}", "{recipients}"] }, TimeProvider.System);
        await using var message = await OpenAsync(given);
        await transport.DeliverAsync(new("ada@a.test", ["bob@b.test"]), message, (_, _, _) => ValueTask.FromResult(true), CancellationToken.None);
        var got = await File.ReadAllTextAsync(target);
        File.Delete(target);
        return got;
    }

    private static void Check(byte[] bytes, string what)
    {
        var text = Encoding.Latin1.GetString(bytes);
        if (!text.Contains("\r\nDATA\r\n", StringComparison.Ordinal))
        {
            // The address was for no server, or the message for none without an extension that this one lacks; nothing was said of it.
            Wire.Commands(bytes).ShouldBe(["EHLO", "QUIT"], what);
            return;
        }

        Wire.ShouldBeOneTransaction(bytes);
        text.Split("\r\n").ShouldAllBe(line => line.Length <= 998, what);
        CheckHeader(MessageOf(text), what);
        text.ShouldNotContain("RCPT TO:<eve", Case.Insensitive);
    }

    /// <summary>Nothing that was given became a field of its own.</summary>
    private static void CheckHeader(string message, string what)
    {
        var header = HeaderOf(message);
        header.Where(line => line[0] is not (' ' or '\t')).Select(line => line[..line.IndexOf(':', StringComparison.Ordinal)]).ShouldBeSubsetOf(Expected, what);
        header.ShouldAllBe(line => !line.StartsWith("Bcc", StringComparison.OrdinalIgnoreCase), what);
    }

    private static string MessageOf(string wire) => wire[(wire.IndexOf("\r\nDATA\r\n", StringComparison.Ordinal) + 8)..];

    private static string[] HeaderOf(string message) => message[..message.IndexOf("\r\n\r\n", StringComparison.Ordinal)].Split("\r\n");
}
