using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;

namespace Nightmail.Mail.Smtp;

/// <summary>
/// What one transaction will say in its envelope, and what is settled without asking the server: addresses that it cannot take, a
/// message that is too large for it, recipients beyond its limit.
/// </summary>
internal sealed class EnvelopePlan
{
    private readonly RecipientOutcome?[] outcomes;

    private EnvelopePlan(Envelope envelope) => (Envelope, outcomes) = (envelope, new RecipientOutcome?[envelope.Recipients.Count]);

    /// <summary>The envelope that was asked for.</summary>
    public Envelope Envelope { get; }

    /// <summary>MAIL FROM with its parameters.</summary>
    public string MailFrom { get; private set; } = "";

    /// <summary>The recipients to name to the server: their place in the envelope, and RCPT TO.</summary>
    public List<(int Index, string RcptTo)> Recipients { get; } = [];

    /// <summary>Plans the transaction.</summary>
    /// <param name="envelope">Sender and recipients.</param>
    /// <param name="message">The message.</param>
    /// <param name="capabilities">What the server can do.</param>
    /// <param name="peer"><c>host:port</c>, for words.</param>
    /// <param name="maxRecipients">The account's limit; the server's own may be lower.</param>
    /// <param name="obstacle">Why a message that the server cannot carry was not re-encoded; empty: nothing more is known.</param>
    /// <param name="reports">The reports to ask for, of a server that makes some; null: nothing is said about them.</param>
    public static EnvelopePlan Make(
        Envelope envelope, IOutgoingMessage message, ServerCapabilities capabilities, string peer, int maxRecipients, string obstacle = "", DeliveryReports? reports = null)
    {
        var plan = new EnvelopePlan(envelope);
        if (Objection(message, capabilities, peer, obstacle) is { } objection)
        {
            plan.SettleOpen(Verdict.Bounced, objection);
            return plan;
        }

        if (!capabilities.Reports) reports = null;
        var notify = reports is null ? "" : $" NOTIFY={string.Join(',', reports.Notify)}";
        var needsSmtpUtf8 = message.Header == HeaderForm.Utf8;
        string from = "";
        if (envelope.From.Length > 0 && plan.Write(envelope.From, capabilities, peer, ref needsSmtpUtf8, out from) is { } badSender)
        {
            plan.SettleOpen(Verdict.Bounced, badSender);
            return plan;
        }

        for (var i = 0; i < envelope.Recipients.Count; i++)
        {
            if (plan.Recipients.Count >= Math.Min(maxRecipients, capabilities.MaxRecipients ?? int.MaxValue)) break;
            var bad = plan.Write(envelope.Recipients[i], capabilities, peer, ref needsSmtpUtf8, out var address);
            if (bad is null) plan.Recipients.Add((i, $"RCPT TO:<{address}>{notify}"));
            else plan.Settle(i, Verdict.Bounced, bad);
        }

        var size = capabilities.Size ? $" SIZE={message.Length}" : "";
        var body = message.Is8Bit ? " BODY=8BITMIME" : "";
        var ret = reports is null ? "" : reports.ReturnsWhole ? " RET=FULL" : " RET=HDRS";
        plan.MailFrom = $"MAIL FROM:<{from}>{size}{body}{(needsSmtpUtf8 ? " SMTPUTF8" : "")}{ret}";
        return plan;
    }

    /// <summary>Settles one recipient.</summary>
    public void Settle(int index, Verdict verdict, Reply? reply) => outcomes[index] = new(Envelope.Recipients[index], verdict, reply);

    /// <summary>Settles everyone who is not settled yet.</summary>
    public void SettleOpen(Verdict verdict, Reply? reply)
    {
        for (var i = 0; i < outcomes.Length; i++)
        {
            if (outcomes[i] is null) Settle(i, verdict, reply);
        }
    }

    /// <summary>The recipients that are settled as refused for now or for good.</summary>
    public IReadOnlyList<RecipientOutcome> Refused() =>
        Array.TrueForAll(outcomes, static outcome => outcome is null) ? [] : [.. outcomes.OfType<RecipientOutcome>().Where(outcome => outcome.Verdict is Verdict.Bounced or Verdict.Deferred)];

    /// <summary>A verdict for everyone; who is not settled was not tried.</summary>
    public IReadOnlyList<RecipientOutcome> Outcomes()
    {
        SettleOpen(Verdict.Untried, null);
        return outcomes!;
    }

    private static Reply? Objection(IOutgoingMessage message, ServerCapabilities capabilities, string peer, string obstacle)
    {
        if (message.Length > capabilities.MaxSize)
            return new(552, "5.3.4", $"not sent: the message has {message.Length} bytes, and {peer} takes {capabilities.MaxSize} at most");
        if (message.Is8Bit && !capabilities.EightBitMime)
            return new(554, "5.6.3", $"not sent: the message holds 8-bit text as it is, and {peer} takes none (no 8BITMIME){obstacle}");
        if (message.NeedsSmtpUtf8 && !capabilities.SmtpUtf8)
            return new(553, "5.6.7", $"not sent: the message needs international addresses, and {peer} cannot take them (no SMTPUTF8){obstacle}");
        if (message.Header == HeaderForm.Unknown) return new(554, "5.6.9", $"not sent: its header holds bytes above 127 that are no UTF-8, and no server takes such{obstacle}");
        if (message.Header == HeaderForm.Utf8 && !capabilities.SmtpUtf8) return new(554, "5.6.9", $"not sent: its header holds bytes above 127, and {peer} takes none (no SMTPUTF8){obstacle}");
        return null;
    }

    /// <summary>Writes an address for the wire, or says why it cannot be.</summary>
    private Reply? Write(string address, ServerCapabilities capabilities, string peer, ref bool needsSmtpUtf8, out string wire)
    {
        if (!SmtpAddress.TryWrite(address, out wire, out var international)) return new(553, "5.1.3", "not sent: this is no mail address");
        if (international && !capabilities.SmtpUtf8)
            return new(553, "5.6.7", $"not sent: the address is international, and {peer} cannot take it (no SMTPUTF8)");
        needsSmtpUtf8 |= international;
        return null;
    }
}
