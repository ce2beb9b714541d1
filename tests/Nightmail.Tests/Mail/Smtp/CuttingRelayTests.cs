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
    private const string Mail = "C: MAIL FROM:<ada@a.test>\nC: RCPT TO:<bob@b.test>\nC: RCPT TO:<eve@b.test>\nC: DATA\nS: 250 ok\nS: 250 ok\nS: 550 5.1.1 no such user\nS: 354 go\n! message\nS: 250-2.0.0 taken\nS: 250 2.0.0 over\n";

    /// <summary>A handshake is thousands of bytes that are not ours; a prime, so that in two directions no place is favoured.</summary>
    private const int TlsStep = 5;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cut_after_every_byte_in_the_clear(bool cutsServer)
    {
        var bytes = 0;
        while (await CutAsync(SmtpSecurity.None, Hello + Mail + Mail, Hello + Mail, cutsServer, bytes, null)) bytes++;
        bytes.ShouldBeGreaterThan(200);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cut_throughout_a_session_over_TLS(bool cutsServer)
    {
        using var certificate = new TestCertificate(TimeProvider.System.GetUtcNow());
        var bytes = 1;
        while (await CutAsync(SmtpSecurity.Tls, "! tls\n" + Hello + Mail + Mail, "! tls\n" + Hello + Mail, cutsServer, bytes, certificate)) bytes += TlsStep;
        bytes.ShouldBeGreaterThan(500);
    }

    /// <summary>Sends two emails, the first connection of which is cut.</summary>
    /// <returns>False when it was over before the cut.</returns>
    private static async Task<bool> CutAsync(SmtpSecurity security, string first, string later, bool cutsServer, int bytes, TestCertificate? certificate)
    {
        await using var server = ScriptedSmtpServer.Play([first, later, later], null, certificate);
        var relay = new CuttingRelay(server.Port, cutsServer, bytes);
        var settings = new TransportSettings.Smtp
        {
            Host = "127.0.0.1", Port = relay.Port, Security = security, HelloName = "me.test", Login = new("ada", new SecretSource.Literal("s")), CheckCertificate = false,
        };
        var outcomes = new List<DeliveryOutcome>();
        await using (var transport = new SmtpTransport(settings, new(), new() { MaxAttempts = 1 }, TimeProvider.System, new Random(1)))
        {
            for (var number = 1; number <= 2; number++)
            {
                var message = new TextMessage($"Subject: {number}\r\n\r\n.\r\n");
                outcomes.Add(await transport.DeliverAsync(new("ada@a.test", ["bob@b.test", "eve@b.test"]), message, (_, _, _) => ValueTask.FromResult(true), CancellationToken.None));
            }
        }

        await relay.DisposeAsync();
        await server.EndedAsync();
        for (var number = 1; number <= 2; number++) Check(outcomes[number - 1], Taken(server, number), $"email {number}, {bytes} bytes of the {(cutsServer ? "server" : "client")}'s");
        return relay.HasCut;
    }

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
