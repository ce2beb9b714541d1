using System.Collections.Concurrent;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Transports;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>
/// Many emails at once over few connections to a server that answers by dice, so that envelopes travel ahead, are refused, and fall with their
/// connections: whatever happens, what is said of each email is what the server did with it.
/// </summary>
public sealed class MoodyServerTests
{
    private const int Seeds = 60;
    private const int Emails = 40;

    [Fact]
    public async Task What_is_said_of_each_email_is_what_the_server_did_with_it()
    {
        var verdicts = new Dictionary<Verdict, int>();
        for (var seed = 1; seed <= Seeds; seed++)
        {
            foreach (var verdict in await RunAsync(seed)) verdicts[verdict] = verdicts.GetValueOrDefault(verdict) + 1;
        }

        // What never happens cannot go wrong.
        verdicts.Keys.Order().ShouldBe(Enum.GetValues<Verdict>().Order());
    }

    private static async Task<List<Verdict>> RunAsync(int seed)
    {
        var dice = new Random(seed);
        var connections = dice.Next(1, 4);
        var manners = Enumerable.Range(0, Emails).Select(_ => dice.Next(10)).ToList();
        var begins = new ConcurrentQueue<int>();
        await using var server = new MoodySmtpServer(seed);
        var settings = new TransportSettings.Smtp { Host = "127.0.0.1", Port = server.Port, Security = SmtpSecurity.None, HelloName = "me.test" };
        DeliveryOutcome[] outcomes;
        await using (var transport = new SmtpTransport(settings, new() { Connections = connections, EmailsPerConnection = dice.Next(2, 20) }, new() { MaxAttempts = 1 }, TimeProvider.System, dice))
            outcomes = await Task.WhenAll(Enumerable.Range(0, Emails).Select(number => DeliverAsync(transport, number, manners[number], begins)));

        begins.Distinct().Count().ShouldBe(begins.Count, $"seed {seed}: begun twice");
        var (said, taken) = (server.Said.ToLookup(each => each.Email), server.Taken.CountBy(email => email).ToDictionary());
        for (var number = 0; number < Emails; number++) Check(outcomes[number], begins.Contains(number), [.. said[number].Select(each => each.Reply)], taken.GetValueOrDefault(number), $"seed {seed}, email {number}");
        return [.. outcomes.Select(outcome => outcome.Verdicts().Single())];
    }

    private static void Check(DeliveryOutcome outcome, bool wasAsked, List<string> said, int taken, string where)
    {
        var verdict = outcome.Verdicts().Single();
        taken.ShouldBeLessThanOrEqualTo(1, where);
        if (verdict != Verdict.InDoubt) taken.ShouldBe(verdict == Verdict.Delivered ? 1 : 0, where);
        if (verdict is Verdict.Delivered or Verdict.InDoubt) wasAsked.ShouldBeTrue(where);
        if (verdict is Verdict.Delivered or Verdict.Bounced or Verdict.Deferred)
            said.ShouldContain(outcome.Recipients[0].Reply!.ToString(), where);
        if (verdict == Verdict.Untried && wasAsked) (outcome.Fault is not null || !outcome.Begun).ShouldBeTrue(where);
    }

    /// <summary>The ledger says yes at once, or late, or no.</summary>
    private static Task<DeliveryOutcome> DeliverAsync(SmtpTransport transport, int number, int manner, ConcurrentQueue<int> begins) => transport.DeliverAsync(
        new("ada@a.test", [$"{number}@b.test"]),
        new TextMessage($"Subject: {number}\r\n\r\n.\r\n"),
        async (_, _, _) =>
        {
            begins.Enqueue(number);
            if (manner < 4) await Task.Yield();
            return manner > 0;
        },
        CancellationToken.None);
}
