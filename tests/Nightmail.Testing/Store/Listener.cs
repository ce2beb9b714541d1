using Nightmail.Store.File;

namespace Nightmail.Testing.Store;

/// <summary>Remembers what a store tells.</summary>
/// <param name="wantsOperations">Whether single operations are of interest.</param>
public sealed class Listener(bool wantsOperations = false) : IStoreObserver
{
    private readonly Lock gate = new();
    private readonly List<StoreEvent> heard = [];

    /// <inheritdoc/>
    public bool WantsOperations => wantsOperations;

    /// <summary>Everything, in order.</summary>
    public IReadOnlyList<StoreEvent> Heard
    {
        get
        {
            lock (gate) return [.. heard];
        }
    }

    /// <inheritdoc/>
    public void On(StoreEvent happened)
    {
        lock (gate) heard.Add(happened);
    }

    /// <summary>What was said in words.</summary>
    public IReadOnlyList<string> Words() => [.. Heard.Select(each => each switch
    {
        StoreEvent.Warned warned => warned.Words,
        StoreEvent.Done done => done.Words,
        StoreEvent.Failed failed => failed.Message,
        _ => "",
    }).Where(words => words.Length > 0)];
}
