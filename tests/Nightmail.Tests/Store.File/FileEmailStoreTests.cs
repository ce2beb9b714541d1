using Nightmail.Testing.Store;
using Nightmail.Tests.Storage;

namespace Nightmail.Tests.Store.File;

/// <summary>The queue file on the real disk keeps what every store promises.</summary>
public sealed class FileEmailStoreTests : EmailStoreConformance
{
    protected override StoreWorld CreateWorld() => new FileStoreWorld();
}

/// <summary>The queue file on the disk in memory keeps what every store promises.</summary>
public sealed class FakeDiskEmailStoreTests : EmailStoreConformance
{
    protected override StoreWorld CreateWorld() => new FakeStoreWorld();
}
