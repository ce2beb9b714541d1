using Nightmail.Testing.Store;
using Nightmail.Tests.Storage;

namespace Nightmail.Tests.Store.File;

/// <summary>The queue file on the real disk keeps what every store promises.</summary>
public sealed class FileEmailStoreTests : EmailStoreConformance
{
    protected override StoreWorld CreateWorld() => new FileStoreWorld();
}

/// <summary>The store of a program that makes one change and ends: each change runs to its end before its caller goes on.</summary>
public sealed class UnsharedFileEmailStoreTests : EmailStoreConformance
{
    protected override StoreWorld CreateWorld() => new FileStoreWorld(sharesWrites: false);
}

/// <summary>The queue file on the disk in memory keeps what every store promises.</summary>
public sealed class FakeDiskEmailStoreTests : EmailStoreConformance
{
    protected override StoreWorld CreateWorld() => new FakeStoreWorld();
}
