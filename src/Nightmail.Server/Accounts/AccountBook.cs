using System.Text.Json;
using Nightmail.Core.Accounts;
using Nightmail.Core.Storage;
using Nightmail.Server.Api;
using Nightmail.Server.Security;
using Nightmail.Server.Settings;

namespace Nightmail.Server.Accounts;

/// <summary>The accounts: as the API speaks of them, and as those who send use them.</summary>
internal sealed class AccountBook
{
    private readonly IAccountStore store;
    private readonly IEmailStore emails;
    private readonly SecretBox secrets;
    private readonly TimeProvider time;
    private readonly Remembered<IReadOnlyList<Account>> ready;
    private readonly Listeners listeners = new();

    public AccountBook(IAccountStore store, IEmailStore emails, SecretBox secrets, TimeProvider time) =>
        (this.store, this.emails, this.secrets, this.time, ready) = (store, emails, secrets, time, new(ReadReadyAsync));

    /// <summary>Calls back after an account was changed, until the result is disposed.</summary>
    public IDisposable OnChanged(Action callback) => listeners.Add(callback);

    /// <summary>The accounts that send, in their order; where none says that it is the default one, the first is.</summary>
    public ValueTask<IReadOnlyList<Account>> ReadyAsync(CancellationToken cancellationToken) => ready.GetAsync(cancellationToken);

    /// <summary>All of them, without secrets.</summary>
    public async Task<IReadOnlyList<(AccountShape Shape, int Version)>> ListAsync(CancellationToken cancellationToken) =>
        [.. (await store.ListAsync(cancellationToken)).Select(stored => (ShapeOf(stored), stored.Version))];

    /// <summary>One, without its secret.</summary>
    /// <exception cref="ApiProblem">There is none of that name.</exception>
    public async Task<(AccountShape Shape, int Version)> FindAsync(string name, CancellationToken cancellationToken)
    {
        var stored = await store.FindAsync(name, cancellationToken) ?? throw ApiProblem.NotFound("account", name);
        return (ShapeOf(stored), stored.Version);
    }

    /// <summary>The same with their circuits, for people.</summary>
    public async Task<IReadOnlyList<AccountShape>> WithCircuitsAsync(IEnumerable<AccountShape> shapes, CancellationToken cancellationToken)
    {
        var standings = await emails.AccountsAsync(await ReadyAsync(cancellationToken), cancellationToken);
        return [.. shapes.Select(shape => shape with
        {
            Circuit = standings.FirstOrDefault(each => each.Account.Name == shape.Name) is { } standing ? CircuitShape.Of(shape.Name, standing.Facts.Circuit, time.GetUtcNow()) : null,
        })];
    }

    /// <summary>Keeps a new one.</summary>
    public async Task AddAsync(AccountShape shape, CancellationToken cancellationToken)
    {
        var password = shape.Transport.Auth?.Password;
        _ = AccountWords.Read(shape, password);
        await RequireOneDefaultAsync(shape, cancellationToken);
        if (!await store.AddAsync(Sealed(shape, password, 1), cancellationToken)) throw ApiProblem.Conflict($"there is an account '{shape.Name}' already");
        Forget();
    }

    /// <summary>Writes one over the version that the caller saw; a password that is left out stays.</summary>
    public async Task UpdateAsync(AccountShape shape, int seen, CancellationToken cancellationToken)
    {
        var stored = await store.FindAsync(shape.Name, cancellationToken) ?? throw ApiProblem.NotFound("account", shape.Name);
        var password = shape.Transport.Auth?.Password ?? (stored.Secret is { } box ? secrets.TryOpen(stored.Name, box) : null);
        _ = AccountWords.Read(shape, password);
        await RequireOneDefaultAsync(shape, cancellationToken);
        var changed = Sealed(shape, shape.Transport.Auth is null ? null : password, seen + 1);
        // Sealed anew it would look like another one, and a restore leaves accounts alone whose secret was changed.
        if (changed.Secret is not null && shape.Transport.Auth?.Password is null) changed = changed with { Secret = stored.Secret };
        if (!await store.UpdateAsync(changed, cancellationToken)) throw ApiProblem.Outdated();
        Forget();
    }

    /// <summary>Forgets one.</summary>
    public async Task RemoveAsync(string name, CancellationToken cancellationToken)
    {
        if (!await store.RemoveAsync(name, cancellationToken)) throw ApiProblem.NotFound("account", name);
        Forget();
    }

    /// <summary>Puts them in an order that names each once.</summary>
    public async Task OrderAsync(IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        if (!await store.OrderAsync(names, cancellationToken)) throw ApiProblem.Invalid("names", "name every account, each once");
        Forget();
    }

    /// <summary>Other accounts may be kept now: whoever uses them looks again.</summary>
    public void Reload() => Forget();

    private async ValueTask<IReadOnlyList<Account>> ReadReadyAsync(CancellationToken cancellationToken)
    {
        List<Account> accounts = [];
        foreach (var stored in await store.ListAsync(cancellationToken))
            if (TryReady(ShapeOf(stored), stored) is { } account) accounts.Add(account);
        if (accounts.Count > 0 && !accounts.Exists(account => account.IsDefault)) accounts[0] = accounts[0] with { IsDefault = true };
        return Account.WithStandIns(accounts);
    }

    private async Task RequireOneDefaultAsync(AccountShape shape, CancellationToken cancellationToken)
    {
        if (!shape.Default) return;
        var other = (await ListAsync(cancellationToken)).Select(each => each.Shape).FirstOrDefault(each => each.Default && each.Name != shape.Name);
        if (other is not null) throw ApiProblem.Conflict($"'{other.Name}' is the default account; change that one first");
    }

    private void Forget()
    {
        ready.Forget();
        listeners.Tell();
    }

    private StoredAccount Sealed(AccountShape shape, string? password, int version)
    {
        var bare = shape with { Circuit = null };
        var open = shape.Transport.Auth is { } auth ? bare with { Transport = shape.Transport with { Auth = auth with { Password = null } } } : bare;
        return new(shape.Name, JsonSerializer.Serialize(open, ApiJson.Default.AccountShape), password is null ? null : secrets.Seal(shape.Name, password), version);
    }

    private static AccountShape ShapeOf(StoredAccount stored) =>
        JsonSerializer.Deserialize(stored.Settings, ApiJson.Default.AccountShape) ?? throw new InvalidOperationException($"the account {stored.Name} is kept as null");

    private Account? TryReady(AccountShape shape, StoredAccount stored)
    {
        try
        {
            return AccountWords.Read(shape, stored.Secret is { } box ? secrets.TryOpen(stored.Name, box) : null);
        }
        catch (ApiProblem)
        {
            // Its secret was sealed with another key file: it sends nothing until it gets its password again, and shows so in its health.
            return null;
        }
    }
}
