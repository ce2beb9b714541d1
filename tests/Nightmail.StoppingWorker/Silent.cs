using Nightmail.Core.Delivery;

namespace Nightmail.StoppingWorker;

/// <summary>Hears nothing.</summary>
internal sealed class Silent : IEngineObserver
{
    public void On(EngineEvent happened)
    {
    }
}
