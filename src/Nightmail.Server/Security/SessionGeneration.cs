using Nightmail.Core.Storage;

namespace Nightmail.Server.Security;

/// <summary>
/// Which sessions of browsers count: those of the present generation. Nothing is kept of a single one, so they are ended together, by
/// raising it. A restore leaves it as it is, like all settings: what was ended stays so.
/// </summary>
internal sealed class SessionGeneration(ISettingStore settings)
{
    private const string Name = "sessions";

    private Number? known;

    /// <summary>The present one.</summary>
    public async ValueTask<int> PresentAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref known) is { } present) return present.Value;
        var read = new Number((await settings.FindAsync(Name, cancellationToken))?.Version ?? 0);
        // Whoever raised it meanwhile knows better.
        return (Interlocked.CompareExchange(ref known, read, null) ?? read).Value;
    }

    /// <summary>Ends all sessions there are: once this has returned, none of them opens anything.</summary>
    public async Task RaiseAsync(CancellationToken cancellationToken)
    {
        int next;
        do next = ((await settings.FindAsync(Name, cancellationToken))?.Version ?? 0) + 1;
        while (!await settings.SaveAsync(new(Name, "{}", next), cancellationToken));
        Volatile.Write(ref known, new(next));
    }

    private sealed record Number(int Value);
}
