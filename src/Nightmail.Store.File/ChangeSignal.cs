using Nightmail.Store.File.Disk;

namespace Nightmail.Store.File;

/// <summary>Who wants to be told of changes. The file is watched only while somebody does.</summary>
internal sealed class ChangeSignal(IDisk disk, QueuePaths paths) : IDisposable
{
    private readonly Lock gate = new();
    private Action[] callbacks = [];
    private IDisposable? watch;

    /// <summary>Calls back until the result is disposed.</summary>
    public IDisposable Subscribe(Action callback)
    {
        lock (gate)
        {
            callbacks = [.. callbacks, callback];
            if (watch is null)
            {
                disk.EnsureFolder(paths.Folder);
                watch = disk.Watch(paths.Queue, Raise);
            }
        }

        return new Subscription(this, callback);
    }

    /// <summary>Tells everybody.</summary>
    public void Raise()
    {
        foreach (var callback in callbacks) callback();
    }

    public void Dispose()
    {
        lock (gate)
        {
            callbacks = [];
            watch?.Dispose();
            watch = null;
        }
    }

    private void Unsubscribe(Action callback)
    {
        lock (gate)
        {
            var left = callbacks.ToList();
            left.Remove(callback);
            callbacks = [.. left];
            if (left.Count > 0) return;
            watch?.Dispose();
            watch = null;
        }
    }

    private sealed class Subscription(ChangeSignal signal, Action callback) : IDisposable
    {
        private int disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref disposed, 1) == 0) signal.Unsubscribe(callback);
        }
    }
}
