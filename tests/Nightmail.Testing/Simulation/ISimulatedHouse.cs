using Nightmail.Core.Storage;

namespace Nightmail.Testing.Simulation;

/// <summary>A store that can be opened by many simulated processes, killed under them, and brought back from an old copy.</summary>
public interface ISimulatedHouse
{
    /// <summary>True when all that is opened lives in one process, a server: who kills one kills all.</summary>
    bool IsOneProcess => false;

    /// <summary>Starts a process and opens the store in it.</summary>
    IEmailStore Open(string process);

    /// <summary>kill -9: the process does nothing any more; what it wrote stays, its locks go.</summary>
    void Kill(string process);

    /// <summary>Every process dies, and any part of what was not synced is gone.</summary>
    void PowerLoss();

    /// <summary>The disk fails its next calls of some kind, or is well again.</summary>
    void SetDiskTrouble(bool trouble);

    /// <summary>Keeps a copy of the store as it is now, without its ledger.</summary>
    void TakeCopy();

    /// <summary>Puts the kept copy in the store's place, as a person with a backup would: under the store's lock. False when there is no copy or the lock is held.</summary>
    bool TryBringBackCopy();
}
