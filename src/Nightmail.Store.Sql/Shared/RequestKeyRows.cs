using Dapper;
using Nightmail.Core.Storage;

namespace Nightmail.Store.Sql.Shared;

/// <summary>The keys of requests that make something.</summary>
internal sealed class RequestKeyRows(ISqlSession session) : IRequestKeyStore
{
    private const string Select = """
        SELECT name AS Name, request_hash AS RequestHash, id AS Id, at AS At, status AS Status, location AS Location, content_type AS ContentType, body AS Body
        FROM request_key WHERE name = @name
        """;

    public ValueTask<RequestKey> KeepAsync(RequestKey key, DateTimeOffset since, CancellationToken cancellationToken) => session.WriteAsync(
        (connection, transaction) =>
        {
            connection.Execute("DELETE FROM request_key WHERE at < @since", new { since = SqlWords.Of(since) }, transaction);
            connection.Execute(
                "INSERT INTO request_key (name, request_hash, id, at) VALUES (@name, @hash, @id, @at) ON CONFLICT (name) DO NOTHING",
                new { name = key.Name, hash = key.RequestHash, id = key.Id.ToString("N"), at = SqlWords.Of(key.At) }, transaction);
            return connection.QuerySingle<Row>(Select, new { name = key.Name }, transaction).Key();
        },
        cancellationToken);

    public async ValueTask AnswerAsync(string name, KeptAnswer answer, CancellationToken cancellationToken) => await session.WriteAsync(
        (connection, transaction) => connection.Execute(
            "UPDATE request_key SET status = @status, location = @location, content_type = @type, body = @body WHERE name = @name",
            new { name, status = (long)answer.Status, location = answer.Location, type = answer.ContentType, body = answer.Body }, transaction),
        cancellationToken);

    public async ValueTask ForgetAsync(string name, CancellationToken cancellationToken) => await session.WriteAsync(
        (connection, transaction) => connection.Execute("DELETE FROM request_key WHERE name = @name", new { name }, transaction), cancellationToken);

    private sealed class Row
    {
        public string Name { get; set; } = "";

        public byte[] RequestHash { get; set; } = [];

        public string Id { get; set; } = "";

        public long At { get; set; }

        public long? Status { get; set; }

        public string? Location { get; set; }

        public string? ContentType { get; set; }

        public byte[]? Body { get; set; }

        public RequestKey Key() => new(Name, RequestHash, Guid.ParseExact(Id, "N"), SqlWords.Instant(At), Status is { } status ? new((int)status, Location, ContentType, Body ?? []) : null);
    }
}
