using System.Text;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Mail.Transports;
using Nightmail.Testing.Mime;
using Nightmail.Testing.Smtp;
using Nightmail.Tests.Mail.Mime;
using Nightmail.Tests.Mail.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Transports;

/// <summary>The corpus, and what tries to be more than one message, at every server that can be had.</summary>
public sealed class EveryServerTests
{
    [Fact]
    public async Task Everything_of_the_corpus_arrives_byte_for_byte()
    {
        await using var aiosmtpd = await AiosmtpdSink.StartAsync();
        await using var npm = await NpmSmtpServer.StartAsync();
        await using var toAiosmtpd = Transport(aiosmtpd.Host, aiosmtpd.Port);
        await using var toNpm = Transport(npm.Host, npm.Port);
        var sent = new List<byte[]>();
        foreach (var corpus in Corpus.All)
        {
            var blobs = new MemoryBlobStore();
            await corpus.KeepFilesAsync(blobs);
            await using var message = await Composing.ComposeAsync(corpus.Content, blobs);
            foreach (var transport in new[] { toAiosmtpd, toNpm }) (await DeliverAsync(transport, message)).Verdicts().ShouldBe([Verdict.Delivered], corpus.Name);
            sent.Add(await Composing.BytesAsync(message));
        }

        var (first, second) = (await aiosmtpd.WaitForAsync(sent.Count), await npm.WaitForAsync(sent.Count));
        for (var i = 0; i < sent.Count; i++)
        {
            var text = Encoding.ASCII.GetString(sent[i]);
            // Not by Shouldly, which would print five megabytes.
            (first[i].Text == text, second[i].Text == text).ShouldBe((true, true), Corpus.All.ElementAt(i).Name);
        }
    }

    [Fact]
    public async Task No_server_sees_two_messages_in_one()
    {
        Assert.SkipUnless(PostfixServer.CanRun && EximServer.CanRun, "Postfix and exim run as root only, and exim is unpacked by ./dev test");
        using var certificate = new TestCertificate(TimeProvider.System.GetUtcNow());
        await using var aiosmtpd = await AiosmtpdSink.StartAsync();
        await using var npm = await NpmSmtpServer.StartAsync();
        await using var postfix = await PostfixServer.StartAsync(certificate);
        await using var exim = await EximServer.StartAsync(certificate);
        SmtpTransport[] transports =
        [
            Transport(aiosmtpd.Host, aiosmtpd.Port), Transport(npm.Host, npm.Port),
            Transport("localhost", postfix.Port, new(PostfixServer.Username, new SecretSource.Literal(PostfixServer.Password))),
            Transport("localhost", exim.Port, new(EximServer.Username, new SecretSource.Literal(EximServer.Password))),
        ];
        var count = 0;
        foreach (var end in SmugglingTests.Ends.Select(row => row.Data))
        {
            var smuggled = $"before{end}MAIL FROM:<eve@b.test>\r\nRCPT TO:<all@b.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nhello\r\n.\r\nafter\r\n";
            var blobs = new MemoryBlobStore();
            var eml = blobs.Add(Encoding.Latin1.GetBytes("From: ada@a.test\r\nTo: bob@b.test\r\nSubject: x\r\n\r\n" + smuggled.Replace("\0", "")));
            foreach (var content in new[] { new EmailContent { To = ["bob@b.test"], Subject = "x", Text = smuggled }, new EmailContent { To = ["bob@b.test"], Eml = eml } })
            {
                await using var message = await Composing.ComposeAsync(content, blobs);
                foreach (var transport in transports) (await DeliverAsync(transport, message)).Verdicts().ShouldBe([Verdict.Delivered]);
                count++;
            }
        }

        foreach (var transport in transports) await transport.DisposeAsync();
        // Each server is done with its connection, and so with whatever it saw on it.
        (await aiosmtpd.WaitForAsync(count)).ShouldAllBe(message => message.Recipients.Single() == "bob@b.test");
        (await npm.WaitForAsync(count)).ShouldAllBe(message => message.To.Single() == "bob@b.test");
        (await exim.WaitForAsync(count)).ShouldAllBe(message => message.Recipients.Single() == "bob@b.test");
        (await postfix.WaitForAsync(count)).ShouldAllBe(message => message.Contains("X-Original-To: bob@b.test", StringComparison.Ordinal) || message.Contains("Delivered-To: bob@b.test", StringComparison.Ordinal));
        (aiosmtpd.Messages().Count, npm.Messages.Count, (await exim.WaitForAsync(count)).Count, postfix.Delivered().Count).ShouldBe((count, count, count, count));
    }

    [Fact]
    public async Task Every_server_takes_envelopes_that_travel_with_the_email_before()
    {
        const int emails = 40;
        Assert.SkipUnless(PostfixServer.CanRun && EximServer.CanRun, "Postfix and exim run as root only, and exim is unpacked by ./dev test");
        using var certificate = new TestCertificate(TimeProvider.System.GetUtcNow());
        await using var aiosmtpd = await AiosmtpdSink.StartAsync(new() { Pipelining = true });
        await using var npm = await NpmSmtpServer.StartAsync();
        await using var postfix = await PostfixServer.StartAsync(certificate);
        await using var exim = await EximServer.StartAsync(certificate);
        SmtpTransport[] transports =
        [
            Transport(aiosmtpd.Host, aiosmtpd.Port, connections: 1), Transport(npm.Host, npm.Port, connections: 1),
            Transport("localhost", postfix.Port, new(PostfixServer.Username, new SecretSource.Literal(PostfixServer.Password)), connections: 1),
            Transport("localhost", exim.Port, new(EximServer.Username, new SecretSource.Literal(EximServer.Password)), connections: 1),
        ];

        foreach (var transport in transports)
        {
            // All but the first wait in line, so that each envelope goes ahead.
            var outcomes = await Task.WhenAll(Enumerable.Range(0, emails).Select(number => DeliverAsync(transport, new TextMessage($"From: ada@a.test\r\nSubject: number {number}.\r\n\r\n.\r\n"))));
            outcomes.Select(outcome => (outcome.Recipients.Single().Verdict, outcome.Fault?.Words)).Distinct().ShouldBe([(Verdict.Delivered, null)]);
            transport.IdleConnections.ShouldBe(1);
            await transport.DisposeAsync();
        }

        string[][] taken =
        [
            [.. (await aiosmtpd.WaitForAsync(emails)).Select(message => message.Text)], [.. (await npm.WaitForAsync(emails)).Select(message => message.Text)],
            [.. await postfix.WaitForAsync(emails)], [.. (await exim.WaitForAsync(emails)).Select(message => message.Text)],
        ];
        foreach (var messages in taken)
        {
            messages.Length.ShouldBe(emails);
            for (var number = 0; number < emails; number++) messages.Count(text => text.Contains($"Subject: number {number}.", StringComparison.Ordinal)).ShouldBe(1);
        }
    }

    private static SmtpTransport Transport(string host, int port, SmtpLogin? login = null, int connections = 4)
    {
        var settings = new TransportSettings.Smtp
        {
            Host = host, Port = port, Security = login is null ? SmtpSecurity.None : SmtpSecurity.StartTls, Login = login, HelloName = "me.test", CheckCertificate = false,
        };
        return new(settings, new() { Connections = connections }, new(), TimeProvider.System, new Random(1));
    }

    private static Task<DeliveryOutcome> DeliverAsync(SmtpTransport transport, IOutgoingMessage message) =>
        transport.DeliverAsync(new("ada@a.test", ["bob@b.test"]), message, (_, _, _) => ValueTask.FromResult(true), CancellationToken.None);
}
