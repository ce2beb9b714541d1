using System.Collections.Concurrent;

namespace Nightmail.Store.Sql.Sqlite.Reading;

/// <summary>Readers for whoever asks; each is used by one at a time and opened when there is none to spare.</summary>
internal sealed class ReaderPool(Func<StoreReader> open) : IDisposable
{
    /// <summary>Readers that are kept; a rush opens more and closes them again.</summary>
    private const int Kept = 4;

    private readonly ConcurrentBag<StoreReader> spare = [];
    private volatile bool isClosed;

    /// <summary>Lets somebody read.</summary>
    public T Read<T>(Func<StoreReader, T> read)
    {
        ObjectDisposedException.ThrowIf(isClosed, typeof(SqliteEmailStore));
        if (!spare.TryTake(out var reader)) reader = open();
        T answer;
        try
        {
            answer = read(reader);
        }
        catch
        {
            // It may stand in the middle of something.
            reader.Dispose();
            throw;
        }

        if (isClosed || spare.Count >= Kept) reader.Dispose();
        else spare.Add(reader);
        return answer;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        isClosed = true;
        while (spare.TryTake(out var reader)) reader.Dispose();
    }
}
