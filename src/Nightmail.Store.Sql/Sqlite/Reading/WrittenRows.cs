using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite.Reading;

/// <summary>Reads past the one who writes, and yet sees everything that was answered: what is left unwritten is written first.</summary>
internal sealed class WrittenRows(ReaderPool readers, BatchExecutor executor, Writer writer)
{
    /// <summary>Lets somebody read.</summary>
    public async ValueTask<T> ReadAsync<T>(Func<StoreReader, T> read, CancellationToken cancellationToken)
    {
        await UpToNowAsync(cancellationToken);
        return readers.Read(read);
    }

    /// <summary>Returns once every row is written that was not when this was called.</summary>
    public async ValueTask UpToNowAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (executor.IsBehind) await writer.RunAsync(RequestKind.Look, 1, static _ => true, cancellationToken);
    }
}
