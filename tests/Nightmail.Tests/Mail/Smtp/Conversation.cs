using System.Security.Cryptography.X509Certificates;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Transports;
using Nightmail.Testing.Smtp;
using Shouldly;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>A transport, a scripted server, and what the ledger was asked.</summary>
internal sealed class Conversation : IAsyncDisposable
{
    public const string Text = "Subject: x\r\n\r\n.dot\r\nend\r\n";

    private Conversation(ScriptedSmtpServer server, SmtpTransport transport) => (Server, Transport) = (server, transport);

    public ScriptedSmtpServer Server { get; }

    public SmtpTransport Transport { get; }

    /// <summary>What begin was asked, in order.</summary>
    public List<(IReadOnlyList<string> Accepted, IReadOnlyList<RecipientOutcome> Refused)> Begins { get; } = [];

    /// <summary>The ledger's answer.</summary>
    public Func<CancellationToken, ValueTask<bool>> Leave { get; set; } = _ => ValueTask.FromResult(true);

    public static Conversation Over(
        ScriptedSmtpServer server,
        Func<TransportSettings.Smtp, TransportSettings.Smtp>? with = null,
        AccountLimits? limits = null,
        TimeProvider? time = null,
        int tries = 3,
        X509Certificate2? trusted = null)
    {
        var settings = new TransportSettings.Smtp { Host = server.Host, Port = server.Port, Security = SmtpSecurity.None, HelloName = "me.test" };
        var retry = new RetryPolicy { MaxAttempts = tries, BaseDelay = TimeSpan.FromMilliseconds(1), MaxDelay = TimeSpan.FromMilliseconds(1) };
        X509Certificate2Collection? authorities = trusted is null ? null : [trusted];
        return new(server, new(with is null ? settings : with(settings), limits ?? new(), retry, time ?? TimeProvider.System, new Random(1), authorities));
    }

    public static Conversation Play(params string[] scripts) => Over(ScriptedSmtpServer.Play(scripts));

    public Task<DeliveryOutcome> DeliverAsync(params string[] recipients) => DeliverAsync(new TextMessage(Text), recipients);

    public Task<DeliveryOutcome> DeliverAsync(IOutgoingMessage message, params string[] recipients) => DeliverAsync(message, CancellationToken.None, recipients);

    public async Task<DeliveryOutcome> DeliverAsync(IOutgoingMessage message, CancellationToken cancellationToken, params string[] recipients)
    {
        var envelope = new Envelope("ada@a.test", recipients.Length == 0 ? ["bob@b.test"] : recipients);
        var outcome = await Transport.DeliverAsync(envelope, message, BeginAsync, cancellationToken);
        Server.Problems.ShouldBeEmpty();
        outcome.Recipients.Select(each => each.Address).ShouldBe(envelope.Recipients);
        return outcome;
    }

    /// <summary>Says goodbye, and checks that nobody left the script.</summary>
    public async Task FinishAsync()
    {
        await Transport.DisposeAsync();
        await Server.EndedAsync();
        Server.Problems.ShouldBeEmpty();
    }

    public async ValueTask DisposeAsync()
    {
        await Transport.DisposeAsync();
        await Server.DisposeAsync();
    }

    private ValueTask<bool> BeginAsync(IReadOnlyList<string> accepted, IReadOnlyList<RecipientOutcome> refused, CancellationToken cancellationToken)
    {
        Begins.Add((accepted, refused));
        return Leave(cancellationToken);
    }
}

internal static class OutcomeChecks
{
    public static Verdict[] Verdicts(this DeliveryOutcome outcome) => [.. outcome.Recipients.Select(each => each.Verdict)];
}
