using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite;
using Nightmail.Store.Sql.Sqlite.Transactions;
using Nightmail.Testing.Simulation;

namespace Nightmail.Testing.Store;

/// <summary>
/// A server on SQLite as a simulation's store: workers live and die in it, persons call it. Killed, it may stop between the commit of the
/// ledger and that of the rows; a loss of power takes back what was committed without a flush.
/// </summary>
public sealed class SqliteSimulatedHouse(ManualTime time, Random random) : ISimulatedHouse, IDisposable
{
    /// <summary>One stage of a batch in so many fails while there is trouble.</summary>
    private const int TroubleOdds = 5;

    private static readonly BatchStage[] Deaths = [BatchStage.BeforeLedger, BatchStage.BeforeRows, BatchStage.BeforeAnswers];
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("nightmail-simulation-");
    private SqliteEmailStore? server;
    private BatchStage? diesAt;
    private bool trouble, flushing, hasCopy;
    private bool isFlushed = true;

    /// <inheritdoc/>
    public bool IsOneProcess => true;

    private string Data => Path.Combine(folder.FullName, "data");

    private string Copy => Path.Combine(folder.FullName, "copy.db");

    private string Flushed => Path.Combine(folder.FullName, "flushed");

    /// <inheritdoc/>
    public IEmailStore Open(string process)
    {
        if (diesAt is not null) Die();
        return new SqliteSimulatedClient(this);
    }

    /// <inheritdoc/>
    public void Kill(string process)
    {
        if (random.Next(2) == 0) Die();
        else diesAt = Deaths[random.Next(Deaths.Length)];
    }

    /// <inheritdoc/>
    public void PowerLoss()
    {
        Die();
        if (isFlushed || random.Next(4) == 0) return;
        foreach (var file in Directory.EnumerateFiles(Data, "nightmail.db*")) File.Delete(file);
        foreach (var file in Directory.EnumerateFiles(Flushed)) File.Copy(file, Path.Combine(Data, Path.GetFileName(file)));
    }

    /// <inheritdoc/>
    public void SetDiskTrouble(bool trouble) => this.trouble = trouble;

    /// <inheritdoc/>
    public void TakeCopy()
    {
        if (!TryReach()) return;
        File.Delete(Copy);
        server!.CopyRows(Copy);
        hasCopy = true;
    }

    /// <inheritdoc/>
    public bool TryBringBackCopy()
    {
        if (!hasCopy || !TryReach()) return false;
        server!.ReplaceRows(Copy);
        isFlushed = true;
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Die();
        folder.Delete(recursive: true);
    }

    /// <summary>The server that runs now, started where none does.</summary>
    internal SqliteEmailStore Reach()
    {
        if (server is not null) return server;
        if (trouble && random.Next(TroubleOdds) == 0) throw new StoreException(StoreTrouble.Unwritable, "the simulated disk fails at the start");
        server = SqliteEmailStore.Open(new() { Folder = Data, OwnThread = false, Flushes = false }, time);
        server.AtStage = At;
        isFlushed = true;
        return server;
    }

    /// <summary>True while that server has not died.</summary>
    internal bool IsRunning(SqliteEmailStore store) => ReferenceEquals(store, server);

    private bool TryReach()
    {
        try
        {
            Reach();
            return true;
        }
        catch (StoreException)
        {
            return false;
        }
    }

    private void Die()
    {
        diesAt = null;
        server?.Kill();
        server = null;
    }

    private void At(BatchStage stage)
    {
        if (diesAt is { } death && (stage == death || (stage == BatchStage.BeforeUnflushedRows && death == BatchStage.BeforeRows)))
        {
            // The rest of the batch never happens; the memory of it goes with the process.
            throw new SimulatedDeathException();
        }

        if (trouble && stage != BatchStage.BeforeAnswers && random.Next(TroubleOdds) == 0) throw new StoreException(StoreTrouble.Unwritable, "the simulated disk is full");
        switch (stage)
        {
            case BatchStage.BeforeRows:
                flushing = true;
                break;
            case BatchStage.BeforeUnflushedRows when isFlushed:
                // What lies there now is the last that a loss of power leaves.
                Directory.CreateDirectory(Flushed);
                foreach (var file in Directory.EnumerateFiles(Flushed)) File.Delete(file);
                foreach (var name in (string[])["nightmail.db", "nightmail.db-wal"]) File.Copy(Path.Combine(Data, name), Path.Combine(Flushed, name));
                isFlushed = false;
                break;
            case BatchStage.BeforeAnswers:
                isFlushed |= flushing;
                flushing = false;
                break;
        }
    }

    /// <summary>The server dies where it stands.</summary>
    internal void Bury() => Die();

    /// <summary>Thrown inside a batch at the moment of death.</summary>
    internal sealed class SimulatedDeathException() : Exception("the simulated server has died");
}
