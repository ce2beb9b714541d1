using System.Runtime.CompilerServices;
using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Core.Delivery;

/// <summary>
/// Carries out one attempt: composes the message, asks the transport for as many transactions as it takes, asks the ledger before each
/// may go out, and records what it came to.
/// </summary>
public sealed class DeliveryExecutor(
    IEmailStore store,
    IMessageComposer composer,
    Func<string, ITransport> transports,
    DeliveryPolicy policy,
    CircuitOptions circuit,
    TimeProvider time,
    Random random,
    IEngineObserver observer,
    IReadOnlyList<Account> accounts)
{
    /// <summary>The first wait before a result that could not be written is written again; it doubles.</summary>
    private static readonly TimeSpan RecordRetryFirst = TimeSpan.FromSeconds(1);

    /// <summary>The longest such wait: a full disk that was cleared is noticed within this.</summary>
    private static readonly TimeSpan RecordRetryMax = TimeSpan.FromSeconds(30);

    /// <summary>What was last read of a sender: one email after the other has the same.</summary>
    private Sender? lastSender;

    /// <summary>Makes the attempt that <paramref name="claim"/> allows.</summary>
    /// <param name="claim">The claim.</param>
    /// <param name="account">The account it goes through.</param>
    /// <param name="stop">Breaks off what has not begun; the claim is given back. What has begun is finished.</param>
    /// <param name="abandon">Gives up even on recording; the rescue then finds the email in doubt.</param>
    /// <returns>
    /// The recording of what came of it, under way. The email's connection is free, and the store has been asked: whoever asks it for the next
    /// email stands in line behind that.
    /// </returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ValueTask> ExecuteAsync(Claim claim, Account account, CancellationToken stop, CancellationToken abandon)
    {
        var started = time.GetTimestamp();
        var from = account.FromOf(claim.Email);
        var sender = SenderOf(from);
        var identity = IdentityOf(claim.Email, from, sender.Domain, time.GetUtcNow());
        IOutgoingMessage message;
        try
        {
            message = await composer.ComposeAsync(claim.Email, identity, stop);
        }
        catch (MessageInvalidException invalid)
        {
            return RecordAsync(claim, new(Lifecycle.Invalid(claim.Email, invalid.Message, time.GetUtcNow()) with { Reason = invalid.Reason }, null), started, abandon);
        }
        catch (StoreException unreadable)
        {
            var deferred = DeliveryOutcome.Of(Verdict.Deferred, Pending(claim.Email), new(0, null, unreadable.Message), begun: false);
            return RecordAsync(claim, new(Lifecycle.After(claim.Email, deferred, policy, time.GetUtcNow(), random), null), started, abandon);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return RecordAsync(claim, new(Lifecycle.GivenBack(claim.Email, time.GetUtcNow()), null), started, abandon);
        }

        if (!account.TakesSize(message.Length))
        {
            var bytes = message.Length;
            await message.DisposeAsync();
            return RecordAsync(claim, new(TooLarge(claim.Email, account, bytes), null), started, abandon);
        }

        var attempt = new Attempt(claim, account, identity, from, (account.EnvelopeFrom is { } other ? SenderOf(other) : sender).Address, store, time);
        DeliveryOutcome outcome;
        await using (message) outcome = await attempt.RunAsync(transports(account.Name), message, stop, abandon);
        var result = outcome.TooLarge is { } wireBytes && !attempt.EverBegun ? new AttemptResult(TooLarge(claim.Email, account, wireBytes), null) : Result(claim, attempt, outcome, stop);
        return RecordAsync(claim, result, started, abandon);
    }

    /// <summary>What the attempt decides about the message, or would if it began at <paramref name="now"/>.</summary>
    /// <param name="email">The email.</param>
    /// <param name="from">The From mailbox it goes out with.</param>
    /// <param name="now">The present, for the Date of an email that was never begun.</param>
    public static MessageIdentity IdentityOf(ScheduledEmail email, string from, DateTimeOffset now) => IdentityOf(email, from, Sender.Of(from).Domain, now);

    private static MessageIdentity IdentityOf(ScheduledEmail email, string from, string domain, DateTimeOffset now)
    {
        var date = email.Date ?? new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
        return new(from, date, MessageIds.For(email, domain));
    }

    private Sender SenderOf(string mailbox)
    {
        var known = lastSender;
        if (known is null || known.Mailbox != mailbox) lastSender = known = Sender.Of(mailbox);
        return known;
    }

    private AttemptResult Result(Claim claim, Attempt attempt, DeliveryOutcome outcome, CancellationToken stop)
    {
        var now = time.GetUtcNow();
        var brokenOff = !attempt.EverBegun && (attempt.Refusal is not null || (stop.IsCancellationRequested && outcome.Recipients.All(each => each.Verdict == Verdict.Untried)));
        if (brokenOff) return new(Lifecycle.GivenBack(claim.Email, now), attempt.OutcomeEntry(outcome, null, null));

        var combined = attempt.Combined(outcome);
        var row = Lifecycle.After(claim.Email, combined, policy, now, random, attempt.Frozen);
        var gaveUp = row is { Status: EmailStatus.Failed, Reason: FailureReason.GaveUp } ? row.Reason : null;
        return new(row, attempt.OutcomeEntry(outcome, row.NextAttempt, gaveUp)) { Account = new(AccountFinding.Of(combined), circuit) };
    }

    /// <summary>
    /// The row of an email that is too large for its account: it goes to another one that takes its size, whenever that can; where there is none it
    /// fails, because no wait makes it smaller. That says nothing about the account, which was not asked.
    /// </summary>
    private ScheduledEmail TooLarge(ScheduledEmail email, Account account, long bytes)
    {
        var words = $"not sent: the message has {bytes} bytes, and account {account.Name} takes {account.Limits.MessageSize} at most (limits.messageSize)";
        var hasOther = accounts.Any(other => other.Name != account.Name && other.IsEnabled && other.Suits(email) && other.TakesSize(bytes));
        var outcome = hasOther
            ? DeliveryOutcome.OfFault(new(AccountFaultReason.Configuration, words), Pending(email))
            : DeliveryOutcome.Of(Verdict.Bounced, Pending(email), new(552, "5.3.4", words), begun: false);
        return Lifecycle.After(email, outcome, policy, time.GetUtcNow(), random);
    }

    /// <summary>Writes the result, however long the store cannot: it is known and must not be forgotten.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask RecordAsync(Claim claim, AttemptResult result, long started, CancellationToken abandon)
    {
        // Even nothing is news: a probe that said nothing lets another one try.
        if (result.Account is null) result = result with { Account = new(new AccountFinding.Nothing(), circuit) };
        for (var tries = 1; ; tries++)
        {
            try
            {
                var stands = await store.RecordAsync(claim, result, abandon);
                var now = time.GetUtcNow();
                observer.On(stands
                    ? new EngineEvent.Recorded(now, result.Email, claim.Attempt, claim.Account, time.GetElapsedTime(started)) { Worker = claim.Owner }
                    : new EngineEvent.ClaimLost(now, claim.Email.Id, claim.Attempt, "the claim was taken back"));
                return;
            }
            catch (StoreException failed) when (failed.Trouble == StoreTrouble.NotYetSafe)
            {
                // The row stands; the next write syncs it. Writing it again would find the claim ended.
                observer.On(new EngineEvent.StoreFailed(time.GetUtcNow(), failed.Message));
                return;
            }
            catch (StoreException failed)
            {
                observer.On(new EngineEvent.StoreFailed(time.GetUtcNow(), failed.Message));
                await time.SleepAsync(Backoff.Doubling(RecordRetryFirst, tries, RecordRetryMax), abandon);
            }
        }
    }

    private static List<string> Pending(ScheduledEmail email) =>
        [.. email.AllRecipients().Where(recipient => recipient.Status == RecipientStatus.Pending).Select(recipient => recipient.Address)];

    /// <summary>A sender's mailbox as it is worded, its domain and its bare address.</summary>
    private sealed record Sender(string Mailbox, string Domain, string Address)
    {
        public static Sender Of(string mailbox) => Emails.Mailbox.TryParse(mailbox, out var parsed, out _) ? new(mailbox, parsed.Domain, parsed.Address) : new(mailbox, "", mailbox);
    }
}
