using System.Collections.Concurrent;

namespace Nightmail.Server.Settings;

/// <summary>Those who want to be told of a change.</summary>
internal sealed class Listeners
{
    private readonly ConcurrentDictionary<Action, byte> callbacks = new();

    /// <summary>Calls back after each change, until the result is disposed.</summary>
    public IDisposable Add(Action callback)
    {
        callbacks[callback] = 0;
        return new Subscription(() => callbacks.TryRemove(callback, out _));
    }

    /// <summary>Tells all of them.</summary>
    public void Tell()
    {
        foreach (var callback in callbacks.Keys) callback();
    }

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
