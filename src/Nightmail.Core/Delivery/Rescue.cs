using Nightmail.Core.Emails;

namespace Nightmail.Core.Delivery;

/// <summary>What to do with doubt: keep it for a person, or send again at the risk of a double.</summary>
public enum DoubtPolicy
{
    /// <summary>The default: a doubtful email waits for a person.</summary>
    Hold,

    /// <summary>A doubtful email is sent again.</summary>
    Retry,
}

/// <summary>Takes back what dead or stuck workers held. Pure; the store asks it for every email that is being sent.</summary>
public static class Rescue
{
    /// <summary>A live worker's claim that has not begun for this long may be taken back: no transport needs longer to connect and log in.</summary>
    public static readonly TimeSpan NotBegunLimit = TimeSpan.FromMinutes(5);

    /// <summary>The wait after the second lost claim in a row, doubling: an email that kills its worker must not do so at once again.</summary>
    public static readonly TimeSpan LostClaimWait = TimeSpan.FromMinutes(5);

    /// <summary>So many claims lost in a row before begin pause the email.</summary>
    public const int LostClaimLimit = 5;

    /// <summary>The row after the rescue, or null when its claim stands.</summary>
    /// <param name="row">A row in the status sending.</param>
    /// <param name="ledger">All that the ledger knows of it.</param>
    /// <param name="isAlive">Whether a worker lives.</param>
    /// <param name="now">The store's clock.</param>
    public static ScheduledEmail? Take(ScheduledEmail row, EmailLedger ledger, Func<string, bool> isAlive, DateTimeOffset now)
    {
        var waiting = ledger.Unanswered();
        if (waiting.Any(begin => begin.Worker is { } worker && isAlive(worker))) return null;
        var ownerLives = row.ClaimedBy is { } owner && isAlive(owner);
        if (waiting.Count > 0 || ledger.LastSequence > row.LedgerLast)
        {
            // Between two transactions of one attempt the owner is at work, although nothing is unanswered.
            if (ownerLives && waiting.Count == 0 && !IsStale(row, ledger, now)) return null;
            return Settlement.Settle(row, ledger) with { ClaimedBy = null, LastModified = now };
        }

        return ownerLives && !IsStale(row, ledger, now) ? null : Lost(row, now);
    }

    /// <summary>Nothing was heard of the claim for too long: neither the claim itself nor a transaction of its attempt.</summary>
    private static bool IsStale(ScheduledEmail row, EmailLedger ledger, DateTimeOffset now)
    {
        var heard = ledger.Entries.LastOrDefault(entry => entry.Attempt == row.Attempts)?.At;
        return (heard > row.LastAttempt ? heard : row.LastAttempt) is not { } since || now - since > NotBegunLimit;
    }

    private static ScheduledEmail Lost(ScheduledEmail row, DateTimeOffset now)
    {
        var lost = row.LostClaims + 1;
        var paused = lost >= LostClaimLimit;
        return row with
        {
            Status = paused ? EmailStatus.Paused : EmailStatus.Pending,
            ClaimedBy = null,
            LostClaims = lost,
            FailedAccounts = [],
            NextAttempt = lost >= 2 && !paused ? now + (LostClaimWait * Math.Pow(2, lost - 2)) : row.NextAttempt,
            LastError = paused
                ? $"its worker died or stalled {lost} times in a row before sending began; look at the message, then resume it"
                : "its worker died or stalled before sending began",
            LastModified = now,
        };
    }
}
