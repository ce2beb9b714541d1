using System.Text;
using Nightmail.Core.Emails;
using Nightmail.Testing.Mime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Mime;

/// <summary>Messages made up at random, parts within parts, in 8 bits and in ASCII: two readers that are not ours find the same in both.</summary>
public sealed class ReencodingProperties(PythonMailReader python, NodePeers node) : IClassFixture<PythonMailReader>, IClassFixture<NodePeers>
{
    private const int Cases = 300;

    [Fact]
    public async Task Readers_find_the_same_in_both()
    {
        for (var seed = 1; seed <= Cases; seed++)
        {
            var given = Encoding.UTF8.GetBytes(new MessageMaker(new Random(seed)).Make());
            var blobs = new MemoryBlobStore();
            await using var message = await Composing.ComposeAsync(new EmailContent { Eml = blobs.Add(given), To = ["ada@example.org"] }, blobs);
            var kept = await Composing.BytesAsync(message);
            await using var ascii = (await message.ToAsciiAsync(CancellationToken.None))!;
            var bytes = await Composing.BytesAsync(ascii);

            Composing.ShouldBeFitToSend(bytes);
            var read = await python.ReadAsync(bytes);
            read.Subject.ShouldBe("schön");
            Describe(read).ShouldBe(Describe(await python.ReadAsync(kept)), $"python, seed {seed}");
            if (seed % 10 == 0) Describe(await node.ReadAsync(bytes)).ShouldBe(Describe(await node.ReadAsync(kept)), $"mailparser, seed {seed}");
        }
    }

    private static string Describe(ReadMail mail) => mail.Error is { } error ? throw new ShouldAssertException(error) : $"{string.Join(',', mail.To)} {mail.Shape}\n"
        // What lies in a message within the message is re-encoded too, and both readers take it for one file.
        + string.Join('\n', mail.Parts.Where(part => part.Type != "message/rfc822").Select(part => $"{part.Type} {part.FileName} {part.Size} {part.Sha256} {part.Text?.ReplaceLineEndings("\n")}"));

    /// <summary>Makes messages that need re-encoding, well-formed ones.</summary>
    private sealed class MessageMaker(Random random)
    {
        private static readonly string[] Lines =
            ["plain", "", "größer", "-- ", "--", ".", "..", "=20", "日本語の行", "blank at the end ", "tab\t", "From here", new string('ü', 400), "🎉", "год год год"];

        private int boundaries;

        public string Make()
        {
            return $"From: Grete <grete@example.org>\r\nTo: =?utf-8?q?J=C3=BCrgen?= <j@example.org>, ada@example.org\r\nSubject: schön\r\nDate: Tue, 01 Dec 2026 09:00:00 +0100\r\nMessage-ID: <x@example.org>\r\nMIME-Version: 1.0\r\n{Part(0)}";
        }

        private string Part(int depth) => random.Next(depth > 2 ? 3 : 5) switch
        {
            0 => $"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{Text()}",
            1 => $"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<p>{Text()}</p>\r\n",
            2 => $"Content-Type: application/x-thing; name=thing.bin\r\nContent-Disposition: attachment; filename=thing.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n{Convert.ToBase64String(Encoding.UTF8.GetBytes(Text()), Base64FormattingOptions.InsertLineBreaks)}\r\n",
            3 => $"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\nMIME-Version: 1.0\r\n{Part(depth + 1)}",
            _ => Multipart(depth),
        };

        private string Multipart(int depth)
        {
            // The next one begins like the one before, so that a reader who only looks at the beginning goes wrong.
            var boundary = "b" + new string('1', ++boundaries);
            var parts = string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => $"--{boundary}\r\n{Part(depth + 1)}\r\n"));
            return $"Content-Type: multipart/mixed; boundary={boundary}\r\nContent-Transfer-Encoding: 8bit\r\n\r\nfiller\r\n{parts}--{boundary}--\r\n";
        }

        private string Text()
        {
            var lines = Enumerable.Range(0, random.Next(0, 8)).Select(_ => Lines[random.Next(Lines.Length)]);
            return string.Concat(lines.Select(line => line + "\r\n"));
        }
    }
}
