using System.Security.Cryptography;
using System.Text;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Mail.Transports;
using Nightmail.Testing.Mime;
using Nightmail.Testing.Smtp;
using Nightmail.Tests.Mail.Mime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>A complete message with 8-bit text on its way through servers and programs that carry it, and through those that do not.</summary>
public sealed class EightBitTests(NodePeers node) : IClassFixture<NodePeers>
{
    private const string Head = "Date: Tue, 01 Dec 2026 09:00:00 +0100\r\nFrom: ada@a.test\r\nTo: bob@b.test\r\nMessage-ID: <x@a.test>\r\n";
    private const string EightBit = Head + "Subject: plain\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nEs wird größer und schöner\r\n";
    private const string SevenBit = "Content-Transfer-Encoding: quoted-printable\r\n\r\nEs wird gr=C3=B6=C3=9Fer und sch=C3=B6ner\r\n";

    [Fact]
    public async Task A_server_with_8BITMIME_gets_the_bytes_that_were_handed_in()
    {
        var (wire, outcome) = await SendAsync("8BITMIME", "ada@a.test> BODY=8BITMIME", EightBit);

        outcome.Verdicts().ShouldBe([Verdict.Delivered]);
        wire.ShouldBe(EightBit);
    }

    [Fact]
    public async Task A_server_without_it_gets_them_re_encoded_and_signed_as_they_travel()
    {
        using var key = RSA.Create(2_048);
        var folder = Directory.CreateTempSubdirectory("nightmail-dkim-");
        var file = Path.Combine(folder.FullName, "key.pem");
        await File.WriteAllTextAsync(file, key.ExportPkcs8PrivateKeyPem());

        var (wire, outcome) = await SendAsync("HELP", "ada@a.test>", EightBit, new("a.test", "mail2026", file));

        folder.Delete(recursive: true);
        outcome.Verdicts().ShouldBe([Verdict.Delivered]);
        wire.ShouldStartWith("DKIM-Signature:");
        wire.ShouldEndWith(SevenBit);
        Ascii.IsValid(wire).ShouldBeTrue();
        var record = $"v=DKIM1; k=rsa; p={Convert.ToBase64String(key.ExportSubjectPublicKeyInfo())}";
        (await node.VerifyAsync(Encoding.UTF8.GetBytes(wire), "mail2026._domainkey.a.test", record)).ShouldBe(["pass"]);
    }

    [Fact]
    public async Task A_header_with_umlauts_becomes_encoded_words_whatever_the_server_takes()
    {
        // With SMTPUTF8 the next server on the way might still have none.
        foreach (var offer in (string[])["SMTPUTF8", "HELP"])
        {
            var (wire, _) = await SendAsync(offer, "ada@a.test>", Head + "Subject: größer\r\n\r\nplain\r\n");
            wire.ShouldBe(Head + "Subject: =?utf-8?b?Z3LDtsOfZXI=?=\r\n\r\nplain\r\n", offer);
        }

        // The body keeps its bytes where they can travel.
        var (body, _) = await SendAsync("8BITMIME", "ada@a.test> BODY=8BITMIME", Head + "Subject: größer\r\n\r\ngroß\r\n");
        body.ShouldBe(Head + "Subject: =?utf-8?b?Z3LDtsOfZXI=?=\r\n\r\ngroß\r\n");
    }

    [Fact]
    public async Task An_international_address_and_a_signed_header_need_SMTPUTF8_and_keep_their_bytes()
    {
        foreach (var given in (string[])["Cc: 用户@example.org\r\n\r\nplain\r\n", "DKIM-Signature: v=1\r\nSubject: größer\r\n\r\nplain\r\n"])
        {
            var (wire, outcome) = await SendAsync("SMTPUTF8", "ada@a.test> SMTPUTF8", Head + given);
            outcome.Verdicts().ShouldBe([Verdict.Delivered]);
            wire.ShouldBe(Head + given);
        }
    }

    [Fact]
    public async Task An_old_charset_in_a_header_never_goes_as_SMTPUTF8()
    {
        var text = Head + "Subject: größer\r\n\r\nplain\r\n";
        var (mended, _) = await SendAsync("SMTPUTF8", "ada@a.test>", Encoding.Latin1.GetBytes(text));
        mended.ShouldBe(Head + "Subject: =?utf-8?b?Z3LDtsOfZXI=?=\r\n\r\nplain\r\n");

        await using var conversation = Conversation.Play("S: 220 mx\nC: EHLO me.test\nS: 250-mx\nS: 250 SMTPUTF8\nC: QUIT\nS: 221 bye");
        await using var message = await OpenAsync(Encoding.Latin1.GetBytes("DKIM-Signature: v=1\r\n" + text));
        var outcome = await conversation.DeliverAsync(message);
        outcome.Verdicts().ShouldBe([Verdict.Bounced]);
        outcome.Recipients[0].Reply!.ToString().ShouldBe(
            "554 5.6.9 not sent: its header holds bytes above 127 that are no UTF-8, and no server takes such; it cannot be re-encoded: it brings a DKIM signature, which would no longer be true");
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData("Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\nä\r\n--s--\r\n", "554 5.6.3", "(no 8BITMIME); it cannot be re-encoded: its part 1 (text/plain) holds bytes above 127 and is signed, and the signature would no longer be true")]
    [InlineData("DKIM-Signature: v=1\r\nSubject: ä\r\n\r\nx\r\n", "554 5.6.9 not sent: its header holds bytes above 127, and", "(no SMTPUTF8); it cannot be re-encoded: it brings a DKIM signature, which would no longer be true")]
    [InlineData("Cc: 用户@example.org\r\n\r\nx\r\n", "553 5.6.7", "(no SMTPUTF8); it cannot be re-encoded: its header 'Cc' names an international address")]
    public async Task What_cannot_be_re_encoded_is_refused_before_anything_is_said(string given, string code, string words)
    {
        await using var conversation = Conversation.Play("S: 220 mx\nC: EHLO me.test\nS: 250-mx\nS: 250 HELP\nC: QUIT\nS: 221 bye");
        await using var message = await OpenAsync(Head + given);

        var outcome = await conversation.DeliverAsync(message);

        outcome.Verdicts().ShouldBe([Verdict.Bounced]);
        outcome.Recipients[0].Reply!.ToString().ShouldStartWith(code);
        outcome.Recipients[0].Reply!.Text.ShouldEndWith(words);
        conversation.Begins.ShouldBeEmpty();
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task A_program_gets_it_re_encoded_unless_it_takes_8_bits()
    {
        var folder = Directory.CreateTempSubdirectory("nightmail-8bit-");
        foreach (var (takes, expected) in new[] { (false, SevenBit), (true, EightBit) })
        {
            var target = Path.Combine(folder.FullName, $"got-{takes}");
            await using var transport = new CommandTransport(new() { Words = ["/bin/dd", "of=" + target, "status=none"], TakesEightBit = takes }, TimeProvider.System);
            await using var message = await OpenAsync(EightBit);

            var outcome = await transport.DeliverAsync(new("ada@a.test", ["bob@b.test"]), message, (_, _, _) => ValueTask.FromResult(true), CancellationToken.None);

            outcome.Verdicts().ShouldBe([Verdict.Delivered]);
            (await File.ReadAllTextAsync(target)).ShouldEndWith(expected);
        }

        folder.Delete(recursive: true);
    }

    /// <summary>What a server that announces this gets as the message.</summary>
    private static Task<(string Wire, DeliveryOutcome Outcome)> SendAsync(string offer, string mailFrom, string given, DkimSettings? dkim = null) =>
        SendAsync(offer, mailFrom, Encoding.UTF8.GetBytes(given), dkim);

    private static async Task<(string Wire, DeliveryOutcome Outcome)> SendAsync(string offer, string mailFrom, byte[] given, DkimSettings? dkim = null)
    {
        await using var server = ScriptedSmtpServer.Play(
            $"S: 220 mx\nC: EHLO me.test\nS: 250-mx\nS: 250 {offer}\nC: MAIL FROM:<{mailFrom}\nS: 250 ok\nC: RCPT TO:<bob@b.test>\nS: 250 ok\nC: DATA\nS: 354 go\n! message\nS: 250 ok");
        var settings = new TransportSettings.Smtp { Host = server.Host, Port = server.Port, Security = SmtpSecurity.None, HelloName = "me.test" };
        DeliveryOutcome outcome;
        await using (var transport = TransportFactory.Create(new Account { Name = "a", From = "ada@a.test", Transport = settings, Dkim = dkim }, new(), TimeProvider.System, new Random(1)))
        await using (var message = await OpenAsync(given))
            outcome = await transport.DeliverAsync(new("ada@a.test", ["bob@b.test"]), message, (_, _, _) => ValueTask.FromResult(true), CancellationToken.None);
        await server.EndedAsync();
        server.Problems.ShouldBeEmpty();
        var lines = server.Transcripts[0].SkipWhile(line => line != "S: 354 go").Skip(1).TakeWhile(line => line != "C: .").Select(line => line[3..] + "\r\n");
        return (string.Concat(lines), outcome);
    }

    private static Task<IOutgoingMessage> OpenAsync(string given) => OpenAsync(Encoding.UTF8.GetBytes(given));

    private static async Task<IOutgoingMessage> OpenAsync(byte[] given)
    {
        var blobs = new MemoryBlobStore();
        return await Composing.ComposeAsync(new EmailContent { Eml = blobs.Add(given), To = ["bob@b.test"] }, blobs);
    }
}
