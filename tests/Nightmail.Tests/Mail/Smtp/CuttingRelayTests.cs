using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Transports;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>
/// A relay between client and server cuts a whole session, with a login and two emails, after every byte of either side, over TLS too:
/// what the client says came of each email is what the server has of it.
/// </summary>
public sealed class CuttingRelayTests
{
    private const string Hello = "S: 220 mx\nC: EHLO me.test\nS: 250-mx\nS: 250-PIPELINING\nS: 250 AUTH PLAIN\nC: AUTH PLAIN AGFkYQBz\nS: 235 2.7.0 welcome\n";
    private const string Envelope = "C: MAIL FROM:<ada@a.test>\nC: RCPT TO:<bob@b.test>\nC: RCPT TO:<eve@b.test>\nC: DATA\n";
    private const string Answers = "S: 250 ok\nS: 250 ok\nS: 550 5.1.1 no such user\nS: 354 go\n! message\n";
    private const string Final = "S: 250-2.0.0 taken\nS: 250 2.0.0 over\n";
    private const string Mail = Envelope + Answers + Final;

    /// <summary>Two emails, the second one's envelope behind the first one's final dot.</summary>
    private const string Ahead = Envelope + Answers + Envelope + Final + Answers + Final;

    /// <summary>A handshake is thousands of bytes that are not ours; a prime, so that in two directions no place is favoured.</summary>
    private const int TlsStep = 5;

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public async Task Cut_after_every_byte_in_the_clear(bool cutsServer, bool isAhead)
    {
        var bytes = 0;
        while (await CutAsync(SmtpSecurity.None, "", isAhead, cutsServer, bytes, null)) bytes++;
        bytes.ShouldBeGreaterThan(200);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public async Task Cut_throughout_a_session_over_TLS(bool cutsServer, bool isAhead)
    {
        using var certificate = new TestCertificate(TimeProvider.System.GetUtcNow());
        var bytes = 1;
        while (await CutAsync(SmtpSecurity.Tls, "! tls\n", isAhead, cutsServer, bytes, certificate)) bytes += TlsStep;
        bytes.ShouldBeGreaterThan(500);
    }

    /// <summary>Sends two emails, the first connection of which is cut.</summary>
    /// <returns>False when it was over before the cut.</returns>
    private static async Task<bool> CutAsync(SmtpSecurity security, string start, bool isAhead, bool cutsServer, int bytes, TestCertificate? certificate)
    {
        var later = start + Hello + Mail;
        await using var server = ScriptedSmtpServer.Play([start + Hello + (isAhead ? Ahead : Mail + Mail), later, later], null, certificate);
        var relay = new CuttingRelay(server.Port, cutsServer, bytes);
        var settings = new TransportSettings.Smtp
        {
            Host = "127.0.0.1", Port = relay.Port, Security = security, HelloName = "me.test", Login = new("ada", new SecretSource.Literal("s")), CheckCertificate = false,
        };
        DeliveryOutcome[] outcomes;
        await using (var transport = new SmtpTransport(settings, new() { Connections = 1 }, new() { MaxAttempts = 1 }, TimeProvider.System, new Random(1)))
            outcomes = isAhead ? await AtOnceAsync(transport) : [await DeliverAsync(transport, 1), await DeliverAsync(transport, 2)];

        await relay.DisposeAsync();
        await server.EndedAsync();
        for (var number = 1; number <= 2; number++) Check(outcomes[number - 1], Taken(server, number), $"email {number}, {bytes} bytes of the {(cutsServer ? "server" : "client")}'s");
        return relay.HasCut;
    }

    /// <summary>The second one stands in line before the first one's final dot may go.</summary>
    private static async Task<DeliveryOutcome[]> AtOnceAsync(SmtpTransport transport)
    {
        var secondWaits = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = DeliverAsync(transport, 1, secondWaits.Task);
        var second = DeliverAsync(transport, 2);
        secondWaits.SetResult(true);
        return await Task.WhenAll(first, second);
    }

    private static Task<DeliveryOutcome> DeliverAsync(SmtpTransport transport, int number, Task<bool>? leave = null) => transport.DeliverAsync(
        new("ada@a.test", ["bob@b.test", "eve@b.test"]), new TextMessage($"Subject: {number}\r\n\r\n.\r\n"), (_, _, _) => new(leave ?? Task.FromResult(true)), CancellationToken.None);

    private static void Check(DeliveryOutcome outcome, int taken, string where)
    {
        var verdict = outcome.Recipients[0].Verdict;
        taken.ShouldBeLessThanOrEqualTo(1, where);
        verdict.ShouldBeOneOf([Verdict.Delivered, Verdict.InDoubt, Verdict.Untried], where);
        // In doubt is either; everything else is certain.
        if (verdict != Verdict.InDoubt) (verdict == Verdict.Delivered).ShouldBe(taken == 1, where);
        if (verdict == Verdict.InDoubt) outcome.Begun.ShouldBeTrue(where);
        if (verdict == Verdict.Untried) outcome.Fault!.Reason.ShouldBeOneOf([AccountFaultReason.Network, AccountFaultReason.Tls], where);
        // Who was refused is never in doubt.
        outcome.Recipients[1].Verdict.ShouldBeOneOf([Verdict.Bounced, Verdict.Untried], where);
    }

    /// <summary>How often the server has that message with its end.</summary>
    private static int Taken(ScriptedSmtpServer server, int number) => server.Transcripts.Sum(transcript =>
    {
        var taken = 0;
        for (var i = 0; i < transcript.Count; i++)
        {
            if (transcript[i] == $"C: Subject: {number}" && transcript.Skip(i).TakeWhile(line => !line.StartsWith("C: MAIL", StringComparison.Ordinal)).Contains("C: .")) taken++;
        }

        return taken;
    });
}
