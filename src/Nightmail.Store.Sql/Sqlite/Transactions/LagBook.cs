using Nightmail.Core.Emails;

namespace Nightmail.Store.Sql.Sqlite.Transactions;

/// <summary>
/// Emails whose rows are behind the ledger although nobody holds a claim on them: an old copy came back while a living worker was sending.
/// Until they are settled the position that the rows are said to have reached stays before them.
/// </summary>
internal sealed class LagBook
{
    private readonly Dictionary<EmailId, long> behind = [];
    private List<ScheduledEmail> settled = [];

    /// <summary>How many rows that were settled by themselves are told of at the most; people look at the list, not at every event.</summary>
    private const int MostTold = 1000;

    /// <summary>The emails.</summary>
    public IReadOnlyCollection<EmailId> Emails => behind.Keys;

    /// <summary>Notes an email that could not be settled yet.</summary>
    /// <param name="email">The email.</param>
    /// <param name="position">The last entry that all rows have taken in.</param>
    public void Add(EmailId email, long position) => behind.TryAdd(email, position);

    /// <summary>It is settled, or gone.</summary>
    public void Remove(EmailId email) => behind.Remove(email);

    /// <summary>The position that the rows have reached when the ledger is at <paramref name="last"/>.</summary>
    public long Position(long last) => behind.Count == 0 ? last : Math.Min(last, behind.Values.Min());

    /// <summary>A row was settled without anybody asking: the next rescue tells of it.</summary>
    public void Tell(ScheduledEmail row)
    {
        if (settled.Count < MostTold) settled.Add(row);
    }

    /// <summary>The rows that nobody was told of yet.</summary>
    public List<ScheduledEmail> TakeSettled() => Interlocked.Exchange(ref settled, []);
}
