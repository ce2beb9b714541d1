using Nightmail.Core.Storage;
using Nightmail.Store.File.Ledger;

namespace Nightmail.Store.File.Transactions;

/// <summary>What those hear whose request did not go through, or not surely.</summary>
internal static class RequestTroubles
{
    /// <summary>
    /// The trouble as those must hear it whose change was not made: a ledger that stands and is not yet safe is not their change that
    /// stands. A worker that heard so would take its result for recorded.
    /// </summary>
    public static Exception Undone(Exception trouble) => trouble is StoreException { Trouble: StoreTrouble.NotYetSafe }
        ? new StoreException(StoreTrouble.Unwritable, $"nothing was changed: {trouble.Message}", trouble)
        : trouble;

    /// <summary>The same for a change that was written and not synced: the answer says of which email.</summary>
    public static StoreException Named(RequestTrace trace, StoreException unsafely) => trace is { Holds: not null, Lines: [var line, ..] }
        ? new StoreException(StoreTrouble.NotYetSafe, $"{line.Email}: {unsafely.Message}", unsafely)
        : unsafely;

    /// <summary>Fails those that touched it.</summary>
    public static void FailWhere(IReadOnlyList<Request> requests, Exception?[] troubles, Func<RequestTrace, bool> touched, Exception why) =>
        FailWhere(requests, troubles, touched, _ => why);

    /// <summary>Fails those that touched it, each in its own words.</summary>
    public static void FailWhere(IReadOnlyList<Request> requests, Exception?[] troubles, Func<RequestTrace, bool> touched, Func<RequestTrace, Exception> why)
    {
        for (var index = 0; index < requests.Count; index++)
        {
            if (troubles[index] is null && touched(requests[index].Trace)) troubles[index] = why(requests[index].Trace);
        }
    }

    /// <summary>What to answer to a person whose change was not written and yet holds, because the ledger has its line; null when it does not hold.</summary>
    public static StoreException? Holding(SendLedger ledger, RequestTrace trace, StoreException broken) => trace is { Holds: { } words, Lines.Count: > 0 } && trace.Lines.All(ledger.Has)
        ? new StoreException(StoreTrouble.NotYetSafe, $"{words}: {broken.Message}", broken)
        : null;
}
