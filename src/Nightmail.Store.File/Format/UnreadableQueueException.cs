namespace Nightmail.Store.File.Format;

/// <summary>Bytes that are no queue. The message says what is wrong with them, with line and column where one can be named.</summary>
/// <param name="why">What is wrong.</param>
/// <param name="isJson">True when they are sound JSON of another kind.</param>
/// <param name="inner">What was thrown.</param>
internal sealed class UnreadableQueueException(string why, bool isJson, Exception inner) : Exception(why, inner)
{
    /// <summary>True when they are sound JSON of another kind.</summary>
    public bool IsJson => isJson;
}
