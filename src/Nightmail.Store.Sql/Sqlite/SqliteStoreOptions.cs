namespace Nightmail.Store.Sql.Sqlite;

/// <summary>Where the store is and how it goes about it.</summary>
public sealed record SqliteStoreOptions
{
    /// <summary>The data folder; one process owns it.</summary>
    public required string Folder { get; init; }

    /// <summary>How long an idempotency key counts after its email is final.</summary>
    public TimeSpan KeyRetention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How long an attachment that no email needs is kept: an old copy of the emails that is brought back may need it.</summary>
    public TimeSpan BlobRetention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>False does the writing where the first request comes from instead of on a thread of its own: for simulations, which have only one.</summary>
    public bool OwnThread { get; init; } = true;

    /// <summary>False never flushes to disk: for simulations, whose losses of power are simulated.</summary>
    internal bool Flushes { get; init; } = true;
}
