namespace Nightmail.Store.Sql.Sqlite;

/// <summary>Who wants to be told of changes.</summary>
internal sealed class Subscribers
{
    private readonly Lock gate = new();
    private volatile Action[] callbacks = [];

    /// <summary>Calls back until the result is disposed.</summary>
    public IDisposable Add(Action callback)
    {
        lock (gate) callbacks = [.. callbacks, callback];
        return new Subscription(this, callback);
    }

    /// <summary>Tells everybody.</summary>
    public void Tell()
    {
        foreach (var callback in callbacks) callback();
    }

    private void Remove(Action callback)
    {
        lock (gate)
        {
            var left = callbacks.ToList();
            left.Remove(callback);
            callbacks = [.. left];
        }
    }

    private sealed class Subscription(Subscribers subscribers, Action callback) : IDisposable
    {
        private int disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref disposed, 1) == 0) subscribers.Remove(callback);
        }
    }
}
