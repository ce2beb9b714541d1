using Nightmail.Core.Campaigns;

namespace Nightmail.Core.Storage;

/// <summary>Keeps the accounts of a server. What is secret in them is encrypted before it gets here.</summary>
public interface IAccountStore
{
    /// <summary>Keeps a new account, last in order.</summary>
    /// <returns>False if its name is taken; then nothing was written.</returns>
    ValueTask<bool> AddAsync(StoredAccount account, CancellationToken cancellationToken);

    /// <summary>The account of that name, or null.</summary>
    ValueTask<StoredAccount?> FindAsync(string name, CancellationToken cancellationToken);

    /// <summary>All of them in their order.</summary>
    ValueTask<IReadOnlyList<StoredAccount>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Writes the account over the one of the version before its own.</summary>
    /// <returns>False if that one is no longer there; then nothing was written.</returns>
    ValueTask<bool> UpdateAsync(StoredAccount account, CancellationToken cancellationToken);

    /// <summary>Forgets the account.</summary>
    /// <returns>False if there was none.</returns>
    ValueTask<bool> RemoveAsync(string name, CancellationToken cancellationToken);

    /// <summary>Puts the accounts in this order; it must name each of them once.</summary>
    /// <returns>False if it does not; then nothing was written.</returns>
    ValueTask<bool> OrderAsync(IReadOnlyList<string> names, CancellationToken cancellationToken);
}

/// <summary>An account as it is kept.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Settings">Its settings in the shape of the configuration file, as JSON, without secrets.</param>
/// <param name="Secret">Its secret, encrypted; null: it has none.</param>
/// <param name="Version">Raised by every change; the fence of an edit.</param>
public sealed record StoredAccount(string Name, string Settings, byte[]? Secret, int Version);

/// <summary>What a key may do; each word includes those before it in the list of a key that an administrator has.</summary>
[Flags]
public enum KeyScopes
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Look at everything but secrets.</summary>
    Read = 1,

    /// <summary>Schedule emails and campaigns and change them.</summary>
    Send = 2,

    /// <summary>Everything: accounts, settings, keys.</summary>
    Admin = 4,
}

/// <summary>An API key as it is kept: never the key itself.</summary>
/// <param name="Id">Its name for ever.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Hash">SHA-256 of the key. It has 256 random bits, so nothing slower is needed.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record ApiKey(KeyId Id, string Name, byte[] Hash, KeyScopes Scopes, DateTimeOffset CreatedAt);

/// <summary>Keeps API keys.</summary>
public interface IKeyStore
{
    /// <summary>Keeps a new key.</summary>
    ValueTask AddAsync(ApiKey key, CancellationToken cancellationToken);

    /// <summary>All keys, the oldest first.</summary>
    ValueTask<IReadOnlyList<ApiKey>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Forgets a key; it opens nothing from here on.</summary>
    /// <returns>False if there was none.</returns>
    ValueTask<bool> RemoveAsync(KeyId id, CancellationToken cancellationToken);
}
