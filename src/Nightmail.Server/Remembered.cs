namespace Nightmail.Server;

/// <summary>
/// What was read of the store, kept until somebody changes it. What was read before a change and arrives after it is handed to whoever asked
/// for it and not kept: a removed key must not open anything because somebody was just reading the keys.
/// </summary>
/// <param name="read">Reads it.</param>
internal sealed class Remembered<T>(Func<CancellationToken, ValueTask<T>> read)
    where T : class
{
    private readonly Lock gate = new();
    private T? known;
    private int changes;

    /// <summary>What is kept, read where nothing is.</summary>
    public ValueTask<T> GetAsync(CancellationToken cancellationToken) => Volatile.Read(ref known) is { } kept ? new(kept) : ReadAsync(cancellationToken);

    /// <summary>It was changed: whoever asks from here on hears of the change.</summary>
    public void Forget()
    {
        lock (gate)
        {
            changes++;
            Volatile.Write(ref known, null);
        }
    }

    private async ValueTask<T> ReadAsync(CancellationToken cancellationToken)
    {
        var before = Volatile.Read(ref changes);
        var now = await read(cancellationToken);
        lock (gate)
        {
            if (before == changes) Volatile.Write(ref known, now);
        }

        return now;
    }
}
