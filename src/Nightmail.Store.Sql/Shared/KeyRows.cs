using Dapper;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Storage;

namespace Nightmail.Store.Sql.Shared;

/// <summary>The API keys, by their hashes.</summary>
internal sealed class KeyRows(ISqlSession session) : IKeyStore
{
    public async ValueTask AddAsync(ApiKey key, CancellationToken cancellationToken) => await session.WriteAsync(
        (connection, transaction) => connection.Execute(
            "INSERT INTO api_key (id, name, hash, scopes, created_at) VALUES (@id, @name, @hash, @scopes, @at)",
            new { id = key.Id.ToString(), name = key.Name, hash = key.Hash, scopes = (long)key.Scopes, at = SqlWords.Of(key.CreatedAt) }, transaction),
        cancellationToken);

    public ValueTask<IReadOnlyList<ApiKey>> ListAsync(CancellationToken cancellationToken) => session.ReadAsync<IReadOnlyList<ApiKey>>(
        connection => [.. connection.Query<Row>("SELECT id AS Id, name AS Name, hash AS Hash, scopes AS Scopes, created_at AS CreatedAt FROM api_key ORDER BY created_at, id").Select(row => row.Key())],
        cancellationToken);

    public ValueTask<bool> RemoveAsync(KeyId id, CancellationToken cancellationToken) => session.WriteAsync(
        (connection, transaction) => connection.Execute("DELETE FROM api_key WHERE id = @id", new { id = id.ToString() }, transaction) == 1, cancellationToken);

    private sealed class Row
    {
        public string Id { get; set; } = "";

        public string Name { get; set; } = "";

        public byte[] Hash { get; set; } = [];

        public long Scopes { get; set; }

        public long CreatedAt { get; set; }

        public ApiKey Key() => new(KeyId.TryParse(Id, out var id) ? id : default, Name, Hash, (KeyScopes)Scopes, SqlWords.Instant(CreatedAt));
    }
}
