using System.Security.Cryptography;
using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Tests.Delivery.Model;

/// <summary>Where one sender of a worker is in its attempt.</summary>
internal enum Phase
{
    /// <summary>Has nothing to do.</summary>
    Idle,

    /// <summary>Holds a claim; has not asked the ledger for its next transaction.</summary>
    Claimed,

    /// <summary>The ledger has granted the begin; the final dot is not sent.</summary>
    Begun,

    /// <summary>The final dot is out and the server has taken the email; its reply is under way.</summary>
    Dotted,

    /// <summary>Knows what the attempt came to; the store does not yet.</summary>
    Knowing,

    /// <summary>Its process is dead.</summary>
    Dead,
}

/// <summary>One sender: a place for one email in a worker's process.</summary>
internal sealed record Sender(Phase Phase, Claim? Claim = null, int Transaction = 0)
{
    /// <summary>Recipients that the transaction is for.</summary>
    public IReadOnlyList<string> Recipients { get; init; } = [];

    /// <summary>Verdicts of the attempt's earlier transactions.</summary>
    public IReadOnlyList<RecipientOutcome> Earlier { get; init; } = [];

    /// <summary>What it is about to record.</summary>
    public AttemptResult? Result { get; init; }
}

/// <summary>A row that is to be written after the ledger was, and who writes it; the lock is held meanwhile.</summary>
internal sealed record HalfWritten(ScheduledEmail? Row, int By, bool TakesBack);

/// <summary>Everything there is, at one moment.</summary>
internal sealed record ModelState
{
    /// <summary>The person, among those who can hold the lock.</summary>
    public const int Person = -1;

    public required ScheduledEmail Row { get; init; }

    public EmailLedger Ledger { get; init; } = EmailLedger.Empty;

    public required IReadOnlyList<Sender> Senders { get; init; }

    /// <summary>The workers that others take for dead although they are not.</summary>
    public int Lapsed { get; init; }

    public HalfWritten? Lock { get; init; }

    /// <summary>How often the server has taken it, for each recipient.</summary>
    public required IReadOnlyList<int> Taken { get; init; }

    /// <summary>How often it may: once, and once more for each time a person asked to send to a doubtful recipient again.</summary>
    public required IReadOnlyList<int> Allowed { get; init; }

    /// <summary>True while a cancel or pause that was answered with success stands.</summary>
    public bool TakenBack { get; init; }

    public ScheduledEmail? Backup { get; init; }

    public required Budget Left { get; init; }

    /// <summary>Two states with one key go on alike.</summary>
    public UInt128 Key()
    {
        var text = new StringBuilder(256);
        Write(text, Row);
        foreach (var entry in Ledger.Entries) Write(text, entry);
        foreach (var sender in Senders)
        {
            text.Append('|').Append((int)sender.Phase).Append(sender.Transaction).Append('.').Append(sender.Claim?.Attempt);
            if (sender.Claim is { } claim) Write(text, claim.Email);
            foreach (var recipient in sender.Recipients) text.Append(recipient);
            foreach (var outcome in sender.Earlier) text.Append(outcome.Address).Append((int)outcome.Verdict);
            if (sender.Result is not { } result) continue;
            Write(text, result.Email);
            if (result.Outcome is { } outcomeEntry) Write(text, outcomeEntry);
        }

        text.Append('#').Append(Lapsed);
        if (Lock is { } half)
        {
            text.Append('L').Append(half.By).Append(half.TakesBack ? 't' : 'f');
            if (half.Row is { } row) Write(text, row);
        }

        text.AppendJoin(',', Taken).Append(';').AppendJoin(',', Allowed).Append(TakenBack ? 'T' : 'F');
        if (Backup is { } backup) Write(text, backup);
        text.Append(Left.Crashes).Append(Left.Restores).Append(Left.Claims).Append(Left.Changes).Append(Left.Lapses);
        return BitConverter.ToUInt128(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static void Write(StringBuilder text, ScheduledEmail row)
    {
        text.Append('/').Append((int)row.Status).Append((int?)row.Reason).Append(row.ClaimedBy).Append('a').Append(row.Attempts).Append('k').Append(row.LedgerLast);
        foreach (var recipient in row.AllRecipients()) text.Append((int)recipient.Status);
    }

    private static void Write(StringBuilder text, LedgerEntry entry)
    {
        text.Append('~').Append((int)entry.Kind).Append(entry.Attempt).Append('.').Append(entry.Transaction).Append(entry.Worker);
        foreach (var outcome in entry.Recipients) text.Append(outcome.Address).Append((int)outcome.Verdict);
    }
}

/// <summary>How often something may still happen, so that the model ends.</summary>
internal sealed record Budget(int Crashes, int Restores, int Claims, int Changes, int Lapses);
