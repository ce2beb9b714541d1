using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Storage;

namespace Nightmail.Server.Security;

/// <summary>Makes API keys and knows them again. Only their hashes are kept.</summary>
internal sealed class ApiKeys(IKeyStore store, TimeProvider time)
{
    /// <summary>Shows people and secret scanners what they have found.</summary>
    private const string Prefix = "nm_";

    /// <summary>256 bits: nobody guesses it, so its hash needs no salt and no slowness.</summary>
    private const int KeyBytes = 32;

    private readonly Remembered<IReadOnlyList<ApiKey>> known = new(store.ListAsync);

    /// <summary>Makes a key. One of that id, which nobody was told, is replaced.</summary>
    /// <returns>What is kept, and the key itself, which nobody can find out again.</returns>
    public async Task<(ApiKey Kept, string Key)> CreateAsync(KeyId id, string name, KeyScopes scopes, CancellationToken cancellationToken)
    {
        var key = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(KeyBytes));
        var kept = new ApiKey(id, name, Hash(key), scopes, time.GetUtcNow());
        await store.RemoveAsync(id, cancellationToken);
        await store.AddAsync(kept, cancellationToken);
        known.Forget();
        return (kept, key);
    }

    /// <summary>The key's record, or null when it opens nothing. Takes as long for a wrong key as for a right one.</summary>
    public async ValueTask<ApiKey?> FindAsync(string key, CancellationToken cancellationToken)
    {
        var hash = Hash(key);
        ApiKey? found = null;
        foreach (var each in await known.GetAsync(cancellationToken))
            if (CryptographicOperations.FixedTimeEquals(each.Hash, hash)) found = each;
        return found;
    }

    /// <summary>All keys.</summary>
    public ValueTask<IReadOnlyList<ApiKey>> ListAsync(CancellationToken cancellationToken) => store.ListAsync(cancellationToken);

    /// <summary>Forgets a key; it opens nothing from here on.</summary>
    public async Task<bool> RemoveAsync(KeyId id, CancellationToken cancellationToken)
    {
        var removed = await store.RemoveAsync(id, cancellationToken);
        known.Forget();
        return removed;
    }

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
