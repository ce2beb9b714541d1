using System.Data.Common;
using Dapper;
using Nightmail.Core.Storage;

namespace Nightmail.Store.Sql.Shared;

/// <summary>The accounts of a server.</summary>
internal sealed class AccountRows(ISqlSession session) : IAccountStore
{
    private const string Select = "SELECT name AS Name, settings AS Settings, secret AS Secret, version AS Version FROM account";

    public ValueTask<bool> AddAsync(StoredAccount account, CancellationToken cancellationToken) => session.WriteAsync(
        (connection, transaction) => connection.Execute("""
            INSERT INTO account (name, place, settings, secret, version)
            SELECT @Name, (SELECT coalesce(max(place), 0) + 1 FROM account), @Settings, @Secret, @Version
            WHERE NOT EXISTS (SELECT 1 FROM account WHERE name = @Name)
            """, account, transaction) == 1,
        cancellationToken);

    public ValueTask<StoredAccount?> FindAsync(string name, CancellationToken cancellationToken) => session.ReadAsync(
        connection => connection.QuerySingleOrDefault<Row>($"{Select} WHERE name = @name", new { name })?.Account(), cancellationToken);

    public ValueTask<IReadOnlyList<StoredAccount>> ListAsync(CancellationToken cancellationToken) => session.ReadAsync<IReadOnlyList<StoredAccount>>(
        connection => [.. connection.Query<Row>($"{Select} ORDER BY place").Select(row => row.Account())], cancellationToken);

    public ValueTask<bool> UpdateAsync(StoredAccount account, CancellationToken cancellationToken) => session.WriteAsync(
        (connection, transaction) => connection.Execute(
            "UPDATE account SET settings = @Settings, secret = @Secret, version = @Version WHERE name = @Name AND version = @Version - 1", account, transaction) == 1,
        cancellationToken);

    public ValueTask<bool> RemoveAsync(string name, CancellationToken cancellationToken) => session.WriteAsync(
        (connection, transaction) => connection.Execute("DELETE FROM account WHERE name = @name", new { name }, transaction) == 1, cancellationToken);

    public ValueTask<bool> OrderAsync(IReadOnlyList<string> names, CancellationToken cancellationToken) => session.WriteAsync(
        (connection, transaction) => Order(connection, transaction, names), cancellationToken);

    private static bool Order(DbConnection connection, DbTransaction transaction, IReadOnlyList<string> names)
    {
        var known = connection.Query<string>("SELECT name FROM account", transaction: transaction).ToHashSet(StringComparer.Ordinal);
        if (names.Count != known.Count || !known.SetEquals(names)) return false;
        for (var place = 1; place <= names.Count; place++)
            connection.Execute("UPDATE account SET place = @place WHERE name = @name", new { place, name = names[place - 1] }, transaction);
        return true;
    }

    private sealed class Row
    {
        public string Name { get; set; } = "";

        public string Settings { get; set; } = "";

        public byte[]? Secret { get; set; }

        public long Version { get; set; }

        public StoredAccount Account() => new(Name, Settings, Secret, (int)Version);
    }
}
