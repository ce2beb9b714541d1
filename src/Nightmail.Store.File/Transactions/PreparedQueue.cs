using Nightmail.Store.File.Format;

namespace Nightmail.Store.File.Transactions;

/// <summary>The queue as it is to become, written beside it; or nothing, where no row changes.</summary>
internal sealed record PreparedQueue(QueueDocument? Document, string? Temporary)
{
    /// <summary>Nothing is to be written.</summary>
    public static PreparedQueue None { get; } = new(null, null);
}
