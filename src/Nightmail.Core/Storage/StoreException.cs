namespace Nightmail.Core.Storage;

/// <summary>Why a store could not do what it was asked.</summary>
public enum StoreTrouble
{
    /// <summary>Somebody else holds the lock; trying again may help (exit 75).</summary>
    Busy,

    /// <summary>The change stands but is not yet safe on disk (exit 75).</summary>
    NotYetSafe,

    /// <summary>Disk full, read-only, no permission, I/O error: nothing was changed (exit 69).</summary>
    Unwritable,

    /// <summary>The store cannot be read: not a queue, damaged, of a newer version (exit 69).</summary>
    Unreadable,
}

/// <summary>A broken environment of a store. The message is one line: what failed, where, the system's own words, what to do.</summary>
public sealed class StoreException(StoreTrouble trouble, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The kind.</summary>
    public StoreTrouble Trouble => trouble;

    /// <summary>The system's call that failed, where it was one: for logs, which name it apart from the message.</summary>
    public FailedCall? Call { get; init; }
}

/// <summary>A call of the system that failed.</summary>
/// <param name="Operation">What was tried, as a verb: <c>write</c>.</param>
/// <param name="Path">On what.</param>
/// <param name="Code">The system's number (errno).</param>
public sealed record FailedCall(string Operation, string Path, int Code);
