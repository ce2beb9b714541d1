using Nightmail.Core.Accounts;

namespace Nightmail.Store.File;

/// <summary>Who wants to be told of the circuits that this store has changed.</summary>
internal sealed class AccountSignal
{
    private readonly Lock gate = new();
    private Action<AccountChange>[] callbacks = [];

    /// <summary>Calls back until the result is disposed.</summary>
    public IDisposable Subscribe(Action<AccountChange> callback)
    {
        lock (gate) callbacks = [.. callbacks, callback];
        return new Subscription(this, callback);
    }

    /// <summary>Tells everybody.</summary>
    public void Raise(IReadOnlyList<AccountChange> changes)
    {
        foreach (var change in changes)
        {
            foreach (var callback in callbacks) callback(change);
        }
    }

    private void Unsubscribe(Action<AccountChange> callback)
    {
        lock (gate)
        {
            var left = callbacks.ToList();
            left.Remove(callback);
            callbacks = [.. left];
        }
    }

    private sealed class Subscription(AccountSignal signal, Action<AccountChange> callback) : IDisposable
    {
        private int disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref disposed, 1) == 0) signal.Unsubscribe(callback);
        }
    }
}
