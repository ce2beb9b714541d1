using Nightmail.Store.File.Format;

namespace Nightmail.Store.File.Salvage;

/// <summary>Bytes that cannot be read as a queue.</summary>
/// <param name="Bytes">All of them; empty also when there is no file.</param>
/// <param name="Why">What is wrong, with line and column where one can be named.</param>
/// <param name="IsJson">True when they are sound JSON of another kind: perhaps somebody named the wrong file.</param>
/// <param name="IsMissing">True when there is no file at all.</param>
internal sealed record DamagedFile(byte[] Bytes, string Why, bool IsJson = false, bool IsMissing = false)
{
    /// <summary>The queue that can be read although something of it is missing; null where none can.</summary>
    public QueueDocument? Document { get; init; }
}
