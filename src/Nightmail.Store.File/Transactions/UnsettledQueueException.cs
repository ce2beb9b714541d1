namespace Nightmail.Store.File.Transactions;

/// <summary>Somebody may be in the middle of writing the queue file: nothing can be decided before that is over. Nothing was done.</summary>
/// <param name="why">What is wrong with the file now.</param>
/// <param name="wait">After this it will be clear, if nothing changes.</param>
internal sealed class UnsettledQueueException(string why, TimeSpan wait) : Exception(why)
{
    /// <summary>After this it will be clear, if nothing changes.</summary>
    public TimeSpan Wait => wait;
}
