using System.Security.Cryptography;
using System.Text;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Dkim;
using Nightmail.Mail.Transports;
using Nightmail.Testing.Mime;
using Nightmail.Tests.Mail.Mime;
using Nightmail.Tests.Mail.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Dkim;

/// <summary>Signatures that npm's mailauth accepts, and those that it must not.</summary>
public sealed class SigningTests(NodePeers node) : IClassFixture<NodePeers>, IDisposable
{
    private const string KeyName = "mail2026._domainkey.example.org";
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory();
    private readonly RSA key = RSA.Create(2_048);

    public static TheoryData<string> Names => [.. Corpus.All.Select(message => message.Name)];

    public static TheoryData<string> Bodies => ["", "\r\n", "\r\n\r\n\r\n", "x\r\n", "x\r\n\r\n\r\n", "  a \t b  \r\n\t\r\n \r\n", " \r\nx\r\n \r\n", ".\r\n..\r\n"];

    public void Dispose()
    {
        key.Dispose();
        folder.Delete(recursive: true);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Mailauth_accepts_the_signature_of_everything_in_the_corpus(string name) =>
        (await VerdictAsync(await SignedAsync(await Composing.BytesAsync(Corpus.All.Single(message => message.Name == name))))).ShouldBe("pass");

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Mailauth_accepts_bodies_of_blanks_and_empty_lines(string body) =>
        (await VerdictAsync(await SignedAsync(Encoding.ASCII.GetBytes("From: a@example.org\r\nSubject:  two   blanks\r\n\tand a fold \r\nTo: b@b.test\r\n\r\n" + body)))).ShouldBe("pass");

    [Theory]
    [InlineData("utf-8")]
    [InlineData("iso-8859-1")]
    public async Task What_is_signed_of_a_header_is_its_bytes_whatever_their_charset(string charset) =>
        (await VerdictAsync(await SignedAsync(Encoding.GetEncoding(charset).GetBytes("From: a@example.org\r\nTo: b@b.test\r\nSubject: größer\r\n\r\ntext\r\n")))).ShouldBe("pass");

    [Theory]
    [InlineData("Subject: x", "Subject: y")]
    [InlineData("Subject: x", "Subject: x\r\nSubject: y")]
    [InlineData("From: a@example.org", "From: eve@b.test\r\nFrom: a@example.org")]
    [InlineData("From: a@example.org", "From: a@example.org\r\nDate: Tue, 01 Dec 2026 09:00:00 +0100")]
    [InlineData("text", "other")]
    [InlineData("text\r\n", "text\r\nmore\r\n")]
    public async Task Mailauth_finds_what_was_changed_on_the_way(string before, string after)
    {
        var signed = Encoding.ASCII.GetString(await SignedAsync("From: a@example.org\r\nTo: b@b.test\r\nSubject: x\r\n\r\ntext\r\n"u8.ToArray()));

        (await VerdictAsync(Encoding.ASCII.GetBytes(signed.Replace(before, after, StringComparison.Ordinal)))).ShouldNotStartWith("pass");
    }

    [Fact]
    public async Task A_signature_is_folded_and_names_what_it_covers()
    {
        var signed = Encoding.ASCII.GetString(await SignedAsync("From: a@example.org\r\nCc: c@b.test\r\n\r\ntext\r\n"u8.ToArray()));

        signed.ShouldStartWith("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=mail2026;\r\n\tt=");
        signed.ShouldContain("\r\n\th=From:From:Subject:Date:To:Message-ID:Cc;\r\n\tb=");
        signed.Split("\r\n").ShouldAllBe(line => line.Length <= 85);
    }

    [Theory]
    [InlineData(null, "cannot be used")]
    [InlineData("hello", "it is no RSA private key in PEM")]
    [InlineData("public", "it is no RSA private key in PEM")]
    [InlineData("short", "has 512 bits")]
    public async Task A_key_that_cannot_be_used_is_the_accounts_fault(string? content, string words)
    {
        var file = Path.Combine(folder.FullName, "bad.pem");
        using var small = RSA.Create(512);
        if (content is not null) await File.WriteAllTextAsync(file, content switch { "public" => key.ExportRSAPublicKeyPem(), "short" => small.ExportPkcs8PrivateKeyPem(), _ => content });
        await using var transport = new SigningTransport(new("example.org", "mail2026", file), new FolderTransport(folder.FullName, TimeProvider.System), TimeProvider.System);

        var outcome = await transport.DeliverAsync(new("a@example.org", ["b@b.test"]), new TextMessage("From: a@example.org\r\n\r\n"), (_, _, _) => ValueTask.FromResult(true), CancellationToken.None);

        outcome.Fault!.Reason.ShouldBe(AccountFaultReason.Configuration);
        outcome.Fault.Words.ShouldContain(words);
        outcome.Begun.ShouldBeFalse();
    }

    /// <summary>What an account with a key puts into its folder.</summary>
    private async Task<byte[]> SignedAsync(byte[] message)
    {
        var file = Path.Combine(folder.FullName, "key.pem");
        await File.WriteAllTextAsync(file, key.ExportPkcs8PrivateKeyPem());
        var outbox = Path.Combine(folder.FullName, "outbox");
        var account = new Account { Name = "a", From = "a@example.org", Transport = new TransportSettings.Folder(outbox), Dkim = new("example.org", "mail2026", file) };
        await using var transport = TransportFactory.Create(account, new(), TimeProvider.System, new Random(1));
        var outcome = await transport.DeliverAsync(new("a@example.org", ["b@b.test"]), new TextMessage(message), (_, _, _) => ValueTask.FromResult(true), CancellationToken.None);
        outcome.Verdicts().ShouldBe([Verdict.Delivered]);
        return await File.ReadAllBytesAsync(Directory.GetFiles(outbox).ShouldHaveSingleItem());
    }

    private async Task<string> VerdictAsync(byte[] message) =>
        (await node.VerifyAsync(message, KeyName, $"v=DKIM1; k=rsa; p={Convert.ToBase64String(key.ExportSubjectPublicKeyInfo())}")).ShouldHaveSingleItem();
}
