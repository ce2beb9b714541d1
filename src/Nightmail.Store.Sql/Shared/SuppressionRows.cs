using Dapper;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Storage;

namespace Nightmail.Store.Sql.Shared;

/// <summary>Who gets no campaign mail.</summary>
internal sealed class SuppressionRows(ISqlSession session) : ISuppressionStore
{
    /// <summary>Targets in one query: less than the parameters that SQLite takes in the smallest build.</summary>
    private const int TargetsAtOnce = 500;

    public ValueTask<int> AddAsync(IReadOnlyList<Suppression> suppressions, CancellationToken cancellationToken) => session.WriteAsync(
        (connection, transaction) => connection.Execute(
            "INSERT INTO suppression (target, reason, since) VALUES (@target, @reason, @since) ON CONFLICT (target) DO NOTHING",
            suppressions.Select(each => new { target = each.Target, reason = each.Reason, since = SqlWords.Of(each.Since) }), transaction),
        cancellationToken);

    public ValueTask<IReadOnlySet<string>> FindAsync(IReadOnlyCollection<string> targets, CancellationToken cancellationToken) => session.ReadAsync<IReadOnlySet<string>>(
        connection => targets.Chunk(TargetsAtOnce)
            .SelectMany(some => connection.Query<string>("SELECT target FROM suppression WHERE target IN @some", new { some }))
            .ToHashSet(StringComparer.Ordinal),
        cancellationToken);

    public ValueTask<IReadOnlyList<Suppression>> ListAsync(string? after, int most, CancellationToken cancellationToken) => session.ReadAsync<IReadOnlyList<Suppression>>(
        connection => [.. connection.Query<Row>(
            "SELECT target AS Target, reason AS Reason, since AS Since FROM suppression WHERE target > @after ORDER BY target LIMIT @most", new { after = after ?? "", most })
            .Select(row => new Suppression(row.Target, row.Reason, SqlWords.Instant(row.Since)))],
        cancellationToken);

    public ValueTask<bool> RemoveAsync(string target, CancellationToken cancellationToken) => session.WriteAsync(
        (connection, transaction) => connection.Execute("DELETE FROM suppression WHERE target = @target", new { target }, transaction) == 1, cancellationToken);

    private sealed class Row
    {
        public string Target { get; set; } = "";

        public string Reason { get; set; } = "";

        public long Since { get; set; }
    }
}
