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

/// <summary>A limit of size is held against the bytes that travel: re-encoded for who takes no 8-bit text, a message is larger than it was handed in.</summary>
public sealed class WireSizeTests
{
    private static readonly byte[] EightBit = Encoding.UTF8.GetBytes(
        "Date: Tue, 01 Dec 2026 09:00:00 +0100\r\nFrom: ada@a.test\r\nTo: bob@b.test\r\nMessage-ID: <x@a.test>\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
        + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + string.Concat(Enumerable.Repeat("größer, schöner, weiter\r\n", 200)));

    [Theory]
    [InlineData("8BITMIME", true)]
    [InlineData("HELP", false)]
    public async Task An_accounts_limit_counts_what_this_server_would_get(string offer, bool fits)
    {
        var rest = fits ? "! any\nS: 250 ok\n! any\nS: 250 ok\nC: DATA\nS: 354 go\n! message\nS: 250 ok" : "C: QUIT\nS: 221 bye";
        await using var server = ScriptedSmtpServer.Play($"S: 220 mx\nC: EHLO me.test\nS: 250-mx\nS: 250 {offer}\n{rest}");
        var limits = new AccountLimits { MessageSize = EightBit.Length };

        var outcome = await DeliverAsync(new TransportSettings.Smtp { Host = server.Host, Port = server.Port, Security = SmtpSecurity.None, HelloName = "me.test" }, limits);

        await server.EndedAsync();
        server.Problems.ShouldBeEmpty();
        outcome.Verdicts().ShouldBe([fits ? Verdict.Delivered : Verdict.Untried]);
        (outcome.TooLarge, outcome.Fault, outcome.Begun).ShouldBe((fits ? null : await AsciiLengthAsync(), null, fits));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(-1, false)]
    public async Task A_servers_SIZE_counts_what_it_would_get(int less, bool fits)
    {
        var most = await AsciiLengthAsync() + less;
        var rest = fits ? $"C: MAIL FROM:<ada@a.test> SIZE={most}\nS: 250 ok\n! any\nS: 250 ok\nC: DATA\nS: 354 go\n! message\nS: 250 ok" : "C: QUIT\nS: 221 bye";
        await using var server = ScriptedSmtpServer.Play($"S: 220 mx\nC: EHLO me.test\nS: 250-mx\nS: 250 SIZE {most}\n{rest}");

        var outcome = await DeliverAsync(new TransportSettings.Smtp { Host = server.Host, Port = server.Port, Security = SmtpSecurity.None, HelloName = "me.test" }, new());

        await server.EndedAsync();
        server.Problems.ShouldBeEmpty();
        outcome.Verdicts().ShouldBe([fits ? Verdict.Delivered : Verdict.Bounced]);
        if (!fits) outcome.Recipients[0].Reply!.ToString().ShouldStartWith($"552 5.3.4 not sent: the message has {most + 1} bytes, and 127.0.0.1:");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_accounts_limit_counts_what_a_program_would_get(bool takesEightBit)
    {
        var outcome = await DeliverAsync(new TransportSettings.Command { Words = ["/bin/dd", "of=/dev/null", "status=none"], TakesEightBit = takesEightBit }, new() { MessageSize = EightBit.Length });

        outcome.Verdicts().ShouldBe([takesEightBit ? Verdict.Delivered : Verdict.Untried]);
        outcome.TooLarge.ShouldBe(takesEightBit ? null : await AsciiLengthAsync());
    }

    private static async Task<DeliveryOutcome> DeliverAsync(TransportSettings settings, AccountLimits limits)
    {
        var account = new Account { Name = "a", From = "ada@a.test", Transport = settings, Limits = limits };
        await using var transport = TransportFactory.Create(account, new(), TimeProvider.System, new Random(1));
        await using var message = await OpenAsync();
        return await transport.DeliverAsync(new("ada@a.test", ["bob@b.test"]), message, (_, _, _) => ValueTask.FromResult(true), CancellationToken.None);
    }

    private static async Task<long?> AsciiLengthAsync()
    {
        await using var message = await OpenAsync();
        await using var ascii = (await message.ToAsciiAsync(CancellationToken.None))!;
        ascii.Length.ShouldBeGreaterThan(message.Length);
        return ascii.Length;
    }

    private static async Task<IOutgoingMessage> OpenAsync()
    {
        var blobs = new MemoryBlobStore();
        return await Composing.ComposeAsync(new EmailContent { Eml = blobs.Add(EightBit), To = ["bob@b.test"] }, blobs);
    }
}
