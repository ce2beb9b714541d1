using Nightmail.Testing.Store;
using Nightmail.Tests.Storage;

namespace Nightmail.Tests.Store.Sql;

/// <summary>SQLite keeps what every store promises.</summary>
public sealed class SqliteEmailStoreTests : EmailStoreConformance
{
    protected override StoreWorld CreateWorld() => new SqliteStoreWorld();
}

/// <summary>The same without a thread of its own, as simulations use it.</summary>
public sealed class SingleThreadedSqliteEmailStoreTests : EmailStoreConformance
{
    protected override StoreWorld CreateWorld() => new SqliteStoreWorld(ownThread: false);
}
