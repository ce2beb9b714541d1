using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Store.File;

/// <summary>One thing that the store did or found, for logs. Never carries a body, a recipient or a secret.</summary>
public abstract record StoreEvent
{
    private StoreEvent()
    {
    }

    /// <summary>A call on a file, and how long it took.</summary>
    public sealed record FileOperation(string Operation, string Path, TimeSpan Took) : StoreEvent;

    /// <summary>The queue's lock was had after so long a wait.</summary>
    public sealed record LockTaken(string Path, TimeSpan Waited) : StoreEvent;

    /// <summary>The queue's lock was given back after so long.</summary>
    public sealed record LockReleased(string Path, TimeSpan Held) : StoreEvent;

    /// <summary>An email's row changed; null: it was not there before, or is not there any more.</summary>
    public sealed record Changed(EmailId Email, EmailStatus? From, EmailStatus? To) : StoreEvent;

    /// <summary>Something was kept, cleaned up or brought back, as it should be.</summary>
    public sealed record Done(string Words) : StoreEvent;

    /// <summary>Something was wrong and was put right, or should be known.</summary>
    public sealed record Warned(string Words) : StoreEvent;

    /// <summary>A call of the system failed.</summary>
    public sealed record Failed(string Message, FailedCall? Call) : StoreEvent;
}

/// <summary>Is told what the store does, on any thread. Must return at once and not throw.</summary>
public interface IStoreObserver
{
    /// <summary>True when single operations on files and waits for the lock are of interest; telling them costs time.</summary>
    bool WantsOperations { get; }

    /// <summary>Something happened.</summary>
    void On(StoreEvent happened);
}

/// <summary>For whom nothing is of interest.</summary>
internal sealed class SilentObserver : IStoreObserver
{
    public bool WantsOperations => false;

    public void On(StoreEvent happened)
    {
        // Nobody listens.
    }
}
