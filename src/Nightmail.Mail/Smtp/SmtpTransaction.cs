using System.Runtime.CompilerServices;
using Nightmail.Core.Delivery;
using Nightmail.Core.Storage;
using Nightmail.Mail.Transports;

namespace Nightmail.Mail.Smtp;

/// <summary>
/// One transaction on a ready connection: envelope, the ledger's leave, message, final dot. The one place that knows at every byte
/// whether the email may be out: nothing is, until the final dot is handed to the network, and that waits for begin.
/// </summary>
/// <param name="connection">A connection that nobody else uses, or that is handed over when the email before is answered.</param>
/// <param name="plan">What the envelope says.</param>
/// <param name="message">The message.</param>
/// <param name="begin">The ledger's leave.</param>
/// <param name="patience">How long all may take that comes before begin.</param>
/// <param name="pool">Who may have somebody waiting whose envelope goes behind the final dot; null: nobody ever waits.</param>
internal sealed class SmtpTransaction(
    SmtpConnection connection, EnvelopePlan plan, IOutgoingMessage message, BeginDelivery begin, TimeToBegin patience, SmtpConnectionPool? pool = null)
{
    /// <summary>Recipients in one write. More could fill both directions at once and stop both sides for ever (RFC 2920 3.1).</summary>
    private const int PipelinedRecipients = 100;

    private readonly SmtpChannel channel = connection.Channel;
    private readonly List<int> accepted = [];
    private AccountFault? fault;
    private Reply? mailReply;
    private Reply? dataReply;
    private bool begun;
    private bool faultIsAnswer;
    private bool textTravels;

    /// <summary>True once the server has answered anything of this transaction: then its connection was alive.</summary>
    public bool Answered { get; private set; }

    /// <summary>True once the ledger was asked; then the email cannot be tried on another connection.</summary>
    public bool AskedLeave { get; private set; }

    /// <summary>True when the envelope was said behind the email before, and its answers come after that one's.</summary>
    public bool IsAhead { get; private set; }

    /// <summary>True when an envelope can be said ahead: in one write, after which the connection waits for its answers.</summary>
    public static bool CanSayAhead(SmtpConnection connection, EnvelopePlan plan) =>
        connection.Capabilities.Pipelining && !connection.NeedsReset && plan.Recipients.Count is > 0 and <= PipelinedRecipients;

    /// <summary>Says the envelope into the channel's buffer, so that it leaves together with the final dot before (RFC 2920 3.1).</summary>
    public void SayAhead()
    {
        IsAhead = true;
        connection.Transactions++;
        channel.SayLine(plan.MailFrom);
        foreach (var (_, rcptTo) in plan.Recipients) channel.SayLine(rcptTo);
        channel.SayLine("DATA");
    }

    /// <summary>What it came to when the conversation broke before begin.</summary>
    public DeliveryOutcome OutcomeOf(ConversationBrokenException broken)
    {
        fault = broken.Fault;
        return Outcome();
    }

    /// <summary>Carries it out.</summary>
    /// <exception cref="ConversationBrokenException">The connection broke before begin was asked for.</exception>
    /// <exception cref="OperationCanceledException">The caller broke it off before begin.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<DeliveryOutcome> RunAsync(CancellationToken cancellationToken)
    {
        channel.Phase = SmtpPhase.Envelope;
        if (plan.Recipients.Count == 0) return Outcome();
        if (!IsAhead) connection.Transactions++;
        await using (patience.Token.UnsafeRegister(static channel => ((SmtpChannel)channel!).Abort(), channel))
        {
            if (IsAhead) await HearEnvelopeAsync();
            else if (connection.Capabilities.Pipelining) await SayEnvelopeAtOnceAsync();
            else await SayEnvelopeStepByStepAsync();
        }

        // From here on nobody breaks it off: begin has the caller's token, and what has begun is finished.
        patience.Stop(channel);
        if (accepted.Count == 0 || dataReply is not { Code: 354 }) return WithoutMessage();
        if (channel.HasMore) throw channel.Broken(AccountFaultReason.Protocol, "the server spoke before it was asked");
        return await SendMessageAsync(cancellationToken);
    }

    private async Task HearEnvelopeAsync()
    {
        TakeMail(await ReadAsync());
        foreach (var (index, _) in plan.Recipients) TakeRecipient(index, await ReadAsync());
        TakeData(await ReadDataReplyAsync());
    }

    private async Task SayEnvelopeAtOnceAsync()
    {
        if (connection.NeedsReset) channel.SayLine("RSET");
        channel.SayLine(plan.MailFrom);
        for (var first = 0; first < plan.Recipients.Count; first += PipelinedRecipients)
        {
            var end = Math.Min(first + PipelinedRecipients, plan.Recipients.Count);
            for (var i = first; i < end; i++) channel.SayLine(plan.Recipients[i].RcptTo);
            if (end == plan.Recipients.Count) channel.SayLine("DATA");
            await channel.FlushAsync(SmtpTimeLimits.Command);
            if (first == 0)
            {
                if (connection.NeedsReset) TakeReset(await ReadAsync());
                TakeMail(await ReadAsync());
            }

            for (var i = first; i < end; i++) TakeRecipient(plan.Recipients[i].Index, await ReadAsync());
        }

        TakeData(await ReadDataReplyAsync());
    }

    private async Task SayEnvelopeStepByStepAsync()
    {
        if (connection.NeedsReset) TakeReset(await channel.AskAsync("RSET"));
        TakeMail(await channel.AskAsync(plan.MailFrom));
        if (mailReply!.Code / 100 != 2) return;
        foreach (var (index, rcptTo) in plan.Recipients) TakeRecipient(index, await channel.AskAsync(rcptTo));
        if (accepted.Count == 0) return;
        channel.SayLine("DATA");
        await channel.FlushAsync(SmtpTimeLimits.Command);
        TakeData(await ReadDataReplyAsync());
    }

    private ValueTask<Reply> ReadAsync() => channel.ReadReplyAsync(SmtpTimeLimits.Command);

    /// <summary>
    /// The answer to DATA. A word too many before it makes the last recipient's refusal look like the message's, with the real answer behind it:
    /// then nobody may be taken as refused. Only a goodbye may stand behind a refusal.
    /// </summary>
    private async Task<Reply> ReadDataReplyAsync()
    {
        var reply = await channel.ReadReplyAsync(SmtpTimeLimits.Data);
        if (reply.Code < 400 || accepted.Count == 0 || !channel.HasUnread()) return reply;
        var behind = await channel.ReadReplyAsync(SmtpTimeLimits.Quit);
        if (behind.Code != 421) throw channel.Broken(AccountFaultReason.Protocol, "the server said more than it was asked");
        connection.Drop();
        return reply;
    }

    private void TakeReset(Reply reply)
    {
        Take(reply);
        connection.NeedsReset = false;
    }

    private void TakeMail(Reply reply)
    {
        Take(reply);
        mailReply = reply;
        var meaning = ReplyClassifier.Classify(SmtpStage.MailFrom, reply);
        if (meaning is ReplyMeaning.AccountFailure failure) fault = FaultOf(failure.Reason, reply);
        else if (meaning is not ReplyMeaning.Accepted) plan.SettleOpen(Refusal(meaning), reply);
    }

    private void TakeRecipient(int index, Reply reply)
    {
        Take(reply);
        // After a refused MAIL FROM the server only says that RCPT TO is out of order.
        if (mailReply!.Code / 100 != 2) return;
        var meaning = ReplyClassifier.Classify(SmtpStage.RcptTo, reply);
        if (meaning is ReplyMeaning.Accepted) accepted.Add(index);
        else if (accepted.Count > 0 && IsFull(reply)) plan.Settle(index, Verdict.Untried, reply);
        else if (meaning is ReplyMeaning.AccountFailure failure)
        {
            plan.Settle(index, Verdict.Untried, reply);
            fault ??= AnswerOf(failure.Reason, reply);
        }
        else plan.Settle(index, Refusal(meaning), reply);
    }

    /// <summary>"Too many recipients" (RFC 5321 4.5.3.1.10): the rest goes in another transaction, and nobody is to blame.</summary>
    private static bool IsFull(Reply reply) => reply switch
    {
        { Enhanced: "4.5.3" or "5.5.3" } => true,
        { Code: 452, Enhanced: null } => true,
        // Some say it with a code that speaks of something else, such as a full mailbox.
        { Code: 452 or 552 } => reply.Text.Contains("recipients", StringComparison.OrdinalIgnoreCase),
        _ => false,
    };

    private void TakeData(Reply reply)
    {
        Take(reply);
        dataReply = reply;
        if (accepted.Count == 0) return;
        var meaning = ReplyClassifier.Classify(SmtpStage.Data, reply);
        if (meaning is ReplyMeaning.AccountFailure failure) fault = AnswerOf(failure.Reason, reply);
        else if (meaning is not ReplyMeaning.Accepted) SettleAccepted(Refusal(meaning), reply);
    }

    /// <summary>421 ends the conversation, whatever it answers (RFC 5321 3.8).</summary>
    private void Take(Reply reply)
    {
        if (reply.Code == 421)
        {
            connection.Drop();
            var reason = ReplyClassifier.Classify(SmtpStage.MailFrom, reply) is ReplyMeaning.AccountFailure failure ? failure.Reason : AccountFaultReason.Network;
            throw new ConversationBrokenException(channel.Phase, FaultOf(reason, reply), reply);
        }

        Answered = true;
    }

    /// <summary>Ends a transaction that has no message to send.</summary>
    private DeliveryOutcome WithoutMessage()
    {
        // A server that waits for a message to nobody must not get one, not even an empty one; and one that says anything but no has lost
        // its place, so that every later answer could be to the question before.
        if (dataReply is { Code: < 400 }) connection.Drop();
        connection.NeedsReset = true;
        return Outcome();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<DeliveryOutcome> SendMessageAsync(CancellationToken cancellationToken)
    {
        channel.Phase = SmtpPhase.Body;
        channel.Disarm();
        var leave = AskLeave(cancellationToken);
        var sent = leave.IsCompleted && !await leave ? false : await SendTextAsync(leave);
        channel.Disarm();
        begun = await leave;
        // Where none of the text has left yet there is nothing that the server could answer to.
        if (begun && sent) return textTravels && channel.HasUnread() ? await TakeEarlyReplyAsync() : await SendFinalDotAsync();

        // Without the dot it is no message.
        connection.Drop();
        return Outcome();
    }

    /// <summary>The ledger's answer as a task that does not fail: whatever keeps it from saying yes means no.</summary>
    private async Task<bool> AskLeave(CancellationToken cancellationToken)
    {
        AskedLeave = true;
        try
        {
            return await begin(Accepted(), plan.Refused(), cancellationToken);
        }
#pragma warning disable CA1031 // It is the caller's own code; whatever it throws, nothing may be sent, and the conversation must end in order.
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }

    private IReadOnlyList<string> Accepted() =>
        accepted.Count == plan.Envelope.Recipients.Count ? plan.Envelope.Recipients : [.. accepted.Select(index => plan.Envelope.Recipients[index])];

    /// <summary>Sends the message without its final dot; the end of it stays in the buffer when the leave is there already.</summary>
    /// <returns>False when it could not be read or sent; then the reason is settled.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> SendTextAsync(Task<bool> leave)
    {
        var stream = new DotStuffingStream(channel);
        try
        {
            await message.CopyToAsync(stream, CancellationToken.None);
            if (stream.MessageBytes != message.Length)
            {
                SettleAccepted(Verdict.Deferred, new(0, null, $"the message could not be read whole: {stream.MessageBytes} of {message.Length} bytes"));
                return false;
            }

            if (!stream.EndsInCrLf) channel.SayLine("");
            textTravels = stream.Travels || !leave.IsCompleted;
            if (!leave.IsCompleted) await channel.FlushAsync(SmtpTimeLimits.Block);
            return true;
        }
        catch (ConversationBrokenException lost)
        {
            fault = lost.Fault;
            return false;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or StoreException)
        {
            SettleAccepted(Verdict.Deferred, new(0, null, $"the message could not be read: {unreadable.Message}"));
            return false;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<DeliveryOutcome> SendFinalDotAsync()
    {
        channel.Phase = SmtpPhase.FinalDotSent;
        channel.SayLine(".");
        connection.Next = pool?.SayNext(connection);
        Reply reply;
        try
        {
            await channel.FlushAsync(SmtpTimeLimits.Block);
            reply = await channel.ReadReplyAsync(SmtpTimeLimits.FinalDot);
        }
        catch (ConversationBrokenException lost)
        {
            connection.Drop();
            SettleAccepted(Verdict.InDoubt, new(0, null, $"{lost.Fault.Words}; the message may have been delivered"));
            return Outcome();
        }

        channel.Disarm();
        if (reply.Code is < 200 or (>= 300 and < 400))
        {
            // No answer to a message; the server has lost its place, and what it did with the message is anybody's guess.
            connection.Drop();
            SettleAccepted(Verdict.InDoubt, reply);
            return Outcome();
        }

        channel.Phase = SmtpPhase.Answered;
        if (reply.Code == 421) connection.Drop();
        TakeFinalReply(reply);
        return Outcome() with { FinalReply = reply };
    }

    /// <summary>A server may refuse a message half-way, or close down (RFC 5321 3.8). Then the dot is not sent, so nothing is in doubt.</summary>
    private async Task<DeliveryOutcome> TakeEarlyReplyAsync()
    {
        try
        {
            var reply = await channel.ReadReplyAsync(SmtpTimeLimits.Command);
            if (reply.Code < 400) fault = FaultOf(AccountFaultReason.Protocol, reply with { Text = $"{reply.Text} (before the message was complete)" });
            else TakeFinalReply(reply);
        }
        catch (ConversationBrokenException lost)
        {
            fault = lost.Fault;
        }

        connection.Drop();
        return Outcome();
    }

    private void TakeFinalReply(Reply reply)
    {
        var meaning = ReplyClassifier.Classify(SmtpStage.FinalDot, reply);
        if (meaning is ReplyMeaning.Accepted) SettleAccepted(Verdict.Delivered, reply);
        else if (meaning is ReplyMeaning.AccountFailure failure)
        {
            SettleAccepted(Verdict.Untried, reply);
            fault = AnswerOf(failure.Reason, reply);
        }
        else SettleAccepted(Refusal(meaning), reply);
    }

    private void SettleAccepted(Verdict verdict, Reply reply)
    {
        foreach (var index in accepted) plan.Settle(index, verdict, reply);
    }

    private static Verdict Refusal(ReplyMeaning meaning) => meaning is ReplyMeaning.Deferred ? Verdict.Deferred : Verdict.Bounced;

    /// <summary>The account's fault, said where it may be about this email.</summary>
    private AccountFault AnswerOf(AccountFaultReason reason, Reply reply)
    {
        faultIsAnswer = true;
        return FaultOf(reason, reply);
    }

    /// <summary>The account's fault in the server's words, which may quote a recipient; those are nobody's business in a log.</summary>
    private AccountFault FaultOf(AccountFaultReason reason, Reply reply)
    {
        var words = plan.Envelope.Recipients.Aggregate(reply.ToString(), (text, address) => text.Replace(address, "recipient", StringComparison.OrdinalIgnoreCase));
        return channel.Broken(reason, words, reply).Fault;
    }

    private DeliveryOutcome Outcome() => new(plan.Outcomes(), fault) { Phase = channel.Phase.Words(), Begun = begun, FaultIsAnswer = faultIsAnswer };
}
