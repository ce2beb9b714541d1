using System.Runtime.CompilerServices;
using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Core.Delivery;

/// <summary>One attempt while it runs: its transactions, what the ledger was told of each, and the verdicts so far.</summary>
internal sealed class Attempt(Claim claim, Account account, MessageIdentity identity, string from, string envelopeFrom, IEmailStore store, TimeProvider time)
{
    /// <summary>No server needs more transactions for one email than one a recipient; this ends a transport that makes no progress.</summary>
    private const int MaxTransactions = 10_000;

    private readonly List<RecipientOutcome> earlier = [];
    private int transaction;
    private bool asked;

    /// <summary>Why the ledger refused a begin; null while it did not.</summary>
    public string? Refusal { get; private set; }

    /// <summary>True once any transaction of this attempt was begun.</summary>
    public bool EverBegun { get; private set; }

    /// <summary>Makes transactions until every recipient was tried, the account failed, or the ledger refused.</summary>
    /// <returns>The last transaction's outcome.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<DeliveryOutcome> RunAsync(ITransport transport, IOutgoingMessage message, CancellationToken stop, CancellationToken abandon)
    {
        var left = Pending(claim.Email);
        while (true)
        {
            asked = false;
            var outcome = await DeliverAsync(transport, new(envelopeFrom, left), message, stop);
            if (!HasUntried(outcome.Recipients)) return outcome;
            List<string> untried = [.. outcome.Recipients.Where(each => each.Verdict == Verdict.Untried).Select(each => each.Address)];
            var goesOn = outcome.Fault is null && Refusal is null && untried.Count > 0 && untried.Count < left.Count
                && transaction < MaxTransactions && !stop.IsCancellationRequested;
            if (!goesOn) return outcome;

            var tried = outcome.Recipients.Where(each => each.Verdict != Verdict.Untried).ToList();
            if (asked && !await AppendedAsync(outcome with { Recipients = tried }, abandon)) return outcome;
            earlier.AddRange(tried);
            left = untried;
            transaction++;
        }
    }

    /// <summary>The verdicts of the whole attempt.</summary>
    public DeliveryOutcome Combined(DeliveryOutcome last) =>
        earlier.Count == 0 ? last : last with { Recipients = [.. earlier, .. last.Recipients] };

    /// <summary>What the first begin froze: what may be out once must say the same ever after.</summary>
    public (DateTimeOffset Date, string From)? Frozen => EverBegun ? (identity.Date, from) : null;

    /// <summary>
    /// The ledger's entry for the last transaction; null when it was never asked for. One that was asked and refused, or whose answer
    /// was lost, is closed too: its begin may stand in the ledger although we were told otherwise.
    /// </summary>
    public LedgerEntry? OutcomeEntry(DeliveryOutcome outcome, DateTimeOffset? nextAttempt, FailureReason? reason) => asked
        ? new LedgerEntry
        {
            Kind = LedgerKind.Outcome,
            Email = claim.Email.Id,
            At = time.GetUtcNow(),
            Attempt = claim.Attempt,
            Transaction = transaction,
            Account = account.Name,
            Recipients = outcome.Recipients,
            Fault = outcome.Fault,
            NextAttempt = nextAttempt,
            Reason = reason,
        }
        : null;

    /// <summary>A transport that throws is a fault of ours, and what it may have sent is in doubt like what a lost connection may have.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<DeliveryOutcome> DeliverAsync(ITransport transport, Envelope envelope, IOutgoingMessage message, CancellationToken stop)
    {
        try
        {
            return await transport.DeliverAsync(envelope, message, BeginAsync, stop);
        }
        catch (Exception broken) when (broken is not OutOfMemoryException)
        {
            // Its message could quote a recipient or a secret; the type is enough to find the place.
            var words = $"fault in the transport of account {account.Name}: {broken.GetType().Name}";
            if (asked && Refusal is null) return DeliveryOutcome.Of(Verdict.InDoubt, envelope.Recipients, new(0, null, words), begun: true);
            return broken is OperationCanceledException && stop.IsCancellationRequested
                ? DeliveryOutcome.Of(Verdict.Untried, envelope.Recipients, null, begun: false)
                : DeliveryOutcome.OfFault(new(AccountFaultReason.Protocol, words), envelope.Recipients);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> BeginAsync(IReadOnlyList<string> accepted, IReadOnlyList<RecipientOutcome> refused, CancellationToken cancellationToken)
    {
        var entry = new LedgerEntry
        {
            Kind = LedgerKind.Begin,
            Email = claim.Email.Id,
            At = time.GetUtcNow(),
            Attempt = claim.Attempt,
            Transaction = transaction,
            Worker = claim.Owner.Text,
            Account = account.Name,
            Recipients = Untried(accepted, refused),
            Date = identity.Date,
            From = claim.Email.Content.From is null ? from : null,
        };
        try
        {
            Refusal = await store.BeginAsync(claim, entry, cancellationToken);
            asked = Refusal is null;
        }
        catch (StoreException failed)
        {
            asked = true;
            Refusal = failed.Message;
        }
        catch (OperationCanceledException)
        {
            asked = true;
            Refusal = "broken off";
        }

        EverBegun |= Refusal is null;
        return Refusal is null;
    }

    private static bool HasUntried(IReadOnlyList<RecipientOutcome> recipients)
    {
        for (var index = 0; index < recipients.Count; index++)
        {
            if (recipients[index].Verdict == Verdict.Untried) return true;
        }

        return false;
    }

    private static IReadOnlyList<string> Pending(ScheduledEmail email) => email.Recipients.Count == 0
        ? email.Content.Addresses
        : [.. email.Recipients.Where(recipient => recipient.Status == RecipientStatus.Pending).Select(recipient => recipient.Address)];

    private static RecipientOutcome[] Untried(IReadOnlyList<string> accepted, IReadOnlyList<RecipientOutcome> refused)
    {
        var outcomes = new RecipientOutcome[accepted.Count + refused.Count];
        for (var index = 0; index < accepted.Count; index++) outcomes[index] = new(accepted[index], Verdict.Untried);
        for (var index = 0; index < refused.Count; index++) outcomes[accepted.Count + index] = refused[index];
        return outcomes;
    }

    private async Task<bool> AppendedAsync(DeliveryOutcome outcome, CancellationToken abandon)
    {
        try
        {
            await store.AppendOutcomeAsync(OutcomeEntry(outcome, null, null)!, abandon);
            return true;
        }
        catch (StoreException)
        {
            // Recording the attempt tries again for as long as it takes; the rest of the recipients go with the next attempt.
            return false;
        }
    }
}
