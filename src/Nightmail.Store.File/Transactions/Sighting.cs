using Nightmail.Store.File.Format;
using Nightmail.Store.File.Salvage;

namespace Nightmail.Store.File.Transactions;

/// <summary>What was found where the queue file belongs.</summary>
internal abstract record Sighting
{
    private Sighting()
    {
    }

    /// <summary>The queue, as this program wrote it or as it was found at first.</summary>
    public sealed record Good(QueueDocument Document) : Sighting;

    /// <summary>A queue that somebody else wrote over a later or equal one of ours.</summary>
    public sealed record Foreign(QueueDocument Document) : Sighting;

    /// <summary>Something that is no queue, and has been so for long enough that nobody is about to finish writing it.</summary>
    public sealed record Damaged(DamagedFile File) : Sighting;

    /// <summary>Something that is no queue yet: somebody may be writing it.</summary>
    /// <param name="File">What is there now.</param>
    /// <param name="Wait">After this it will be clear, if nothing changes.</param>
    public sealed record Unsettled(DamagedFile File, TimeSpan Wait) : Sighting;
}
