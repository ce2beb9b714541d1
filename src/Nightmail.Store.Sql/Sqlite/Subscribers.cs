namespace Nightmail.Store.Sql.Sqlite;

/// <summary>Who wants to be told of changes.</summary>
internal sealed class Subscribers<T>
{
    private readonly Lock gate = new();
    private volatile Action<T>[] callbacks = [];

    /// <summary>Calls back until the result is disposed.</summary>
    public IDisposable Add(Action<T> callback)
    {
        lock (gate) callbacks = [.. callbacks, callback];
        return new Subscription(this, callback);
    }

    /// <summary>Tells everybody.</summary>
    public void Tell(IReadOnlyList<T> news)
    {
        foreach (var each in news)
        {
            foreach (var callback in callbacks) callback(each);
        }
    }

    private void Remove(Action<T> callback)
    {
        lock (gate)
        {
            var left = callbacks.ToList();
            left.Remove(callback);
            callbacks = [.. left];
        }
    }

    private sealed class Subscription(Subscribers<T> subscribers, Action<T> callback) : IDisposable
    {
        private int disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref disposed, 1) == 0) subscribers.Remove(callback);
        }
    }
}
