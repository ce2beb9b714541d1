using Nightmail.Store.Sql.Sqlite.Connections;

namespace Nightmail.Store.Sql.Sqlite.Ledger;

/// <summary>What lies beside the ledger's entries because no restore may touch it: which ledger it is, the pause, the workers ever known.</summary>
internal sealed class LedgerFacts
{
    private readonly Statement read, write;

    public LedgerFacts(Database database)
    {
        read = database.Prepare("SELECT identity, paused, workers, keys_copied FROM ledger");
        write = database.Prepare("UPDATE ledger SET paused = ?, workers = ?, keys_copied = ?");
        Load();
    }

    /// <summary>Which ledger this is.</summary>
    public Guid Identity { get; private set; }

    /// <summary>True while no begin is granted.</summary>
    public bool IsPaused { get; set; }

    /// <summary>How many workers there ever were: the number that makes a worker's name its own.</summary>
    public long Workers { get; set; }

    /// <summary>The number of the last idempotency key that was copied here.</summary>
    public long KeysCopied { get; set; }

    /// <summary>Gives a new ledger its identity.</summary>
    public static void Found(Database database, Guid identity)
    {
        using var insert = database.Prepare("INSERT OR IGNORE INTO ledger (one, identity, paused, workers, keys_copied) VALUES (1, ?, 0, 0, 0)");
        database.Begin(durable: true);
        insert.Start().With(identity.ToByteArray(bigEndian: true), isText: false).Run();
        database.Commit();
    }

    /// <summary>Gives a ledger another identity, so that copies of its rows made before are not taken for its own.</summary>
    public static void Name(Database database, ReadOnlySpan<byte> identity)
    {
        using var read = database.Prepare("SELECT identity FROM ledger");
        if (read.Start().Step() && read.Bytes().SequenceEqual(identity)) return;
        read.Start();
        using var name = database.Prepare("UPDATE ledger SET identity = ?");
        database.Begin(durable: true);
        name.Start().With(identity, isText: false).Run();
        database.Commit();
    }

    /// <summary>Writes them.</summary>
    public void Write() => write.Start().With(IsPaused ? 1L : 0L).With(Workers).With(KeysCopied).Run();

    /// <summary>Reads them anew.</summary>
    public void Load()
    {
        if (!read.Start().Step()) throw new InvalidOperationException("a ledger without an identity");
        (Identity, IsPaused, Workers, KeysCopied) = (new(read.Bytes(), bigEndian: true), read.Long() != 0, read.Long(), read.Long());
        read.Start();
    }
}
