namespace Nightmail.Core.Storage;

/// <summary>Keeps what was changed of a server's settings.</summary>
public interface ISettingStore
{
    /// <summary>The setting of that name; null while nobody has changed it.</summary>
    ValueTask<StoredSetting?> FindAsync(string name, CancellationToken cancellationToken);

    /// <summary>Writes it over the one of the version before its own; version 1 is the first.</summary>
    /// <returns>False if that one is no longer there; then nothing was written.</returns>
    ValueTask<bool> SaveAsync(StoredSetting setting, CancellationToken cancellationToken);
}

/// <summary>A setting as it is kept.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value, as JSON.</param>
/// <param name="Version">Raised by every change; the fence of an edit.</param>
public sealed record StoredSetting(string Name, string Value, int Version);
