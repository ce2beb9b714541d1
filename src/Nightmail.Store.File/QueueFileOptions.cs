namespace Nightmail.Store.File;

/// <summary>Which queue, and how patient with it.</summary>
public sealed record QueueFileOptions
{
    /// <summary>The queue file; it need not exist. Everything else lies beside it under derived names.</summary>
    public required string Path { get; init; }

    /// <summary>How long a change waits for another process's lock before it fails as busy. Five seconds outlast any honest holder.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long another process's change can stay unnoticed where the system does not tell of it.</summary>
    public TimeSpan SyncInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Where backups lie; null: <c>backups</c> beside the queue.</summary>
    public string? BackupFolder { get; init; }

    /// <summary>How many backups are kept. Ten reach back some days: the newest four, then one an hour, then one a day. 0: only those before what cannot be taken back.</summary>
    public int BackupCount { get; init; } = 10;

    /// <summary>Is told what happens to the files.</summary>
    public IStoreObserver Observer { get; init; } = new SilentObserver();

    /// <summary>A command of the program, from its words, as a person can paste it to work on this queue: for messages that name the next step.</summary>
    public Func<string, string> Command { get; init; } = words => $"nightmail {words}";

    /// <summary>True takes a queue on another machine's disk, at the risk of two workers that do not see each other's lock.</summary>
    public bool AllowNetworkFileSystem { get; init; }

    /// <summary>How long an idempotency key is remembered after its email has become final.</summary>
    public TimeSpan KeyRetention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>A part of the ledger that has grown to so many bytes takes no further entries, and may be shortened. Eight megabytes hold some 15,000 emails and are read in a blink.</summary>
    public long LedgerSegment { get; init; } = 8 * 1024 * 1024;

    /// <summary>So many emails leave the queue at most in one clean-up, so that it neither holds the lock for long nor writes much at once.</summary>
    public int MostPruned { get; init; } = 5000;

    /// <summary>Nobody adds to a queue beyond this: 100,000 emails take less. What is in it goes on all the same.</summary>
    public long MostBytes { get; init; } = 128 * 1024 * 1024;

    /// <summary>
    /// True lets changes that come together share one write: each first gives the others a turn. False is for a program that makes a
    /// change and ends: nobody else is there, and the turn would cost it a tenth of its time.
    /// </summary>
    public bool SharesWrites { get; init; } = true;
}
