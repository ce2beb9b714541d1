using Nightmail.Core.Delivery;

namespace Nightmail.SqliteServer;

/// <summary>Nobody listens.</summary>
internal sealed class Silent : IEngineObserver
{
    /// <inheritdoc/>
    public void On(EngineEvent happened)
    {
    }
}
