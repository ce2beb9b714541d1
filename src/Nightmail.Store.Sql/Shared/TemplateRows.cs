using System.Data.Common;
using Dapper;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Storage;

namespace Nightmail.Store.Sql.Shared;

/// <summary>Templates with all their versions.</summary>
internal sealed class TemplateRows(ISqlSession session) : ITemplateStore
{
    private const string Select = """
        SELECT t.id AS Id, t.name AS Name, t.created_at AS CreatedAt, v.version AS Version, v.subject AS Subject, v.html AS Html, v.text AS Text, v.saved_at AS SavedAt
        FROM template t JOIN template_version v ON v.template = t.id
        """;

    public ValueTask<bool> AddAsync(Template template, CancellationToken cancellationToken) => session.WriteAsync(
        (connection, transaction) =>
        {
            var row = RowOf(template);
            var added = connection.Execute("""
                INSERT INTO template (id, name, taken_name, newest, created_at) VALUES (@id, @name, @taken, @version, @createdAt) ON CONFLICT DO NOTHING
                """, row, transaction) == 1;
            if (added) InsertVersion(connection, transaction, row);
            return added;
        },
        cancellationToken);

    public ValueTask<SaveResult> SaveAsync(Template template, CancellationToken cancellationToken) => session.WriteAsync(
        (connection, transaction) =>
        {
            var row = RowOf(template);
            if (connection.ExecuteScalar<long>("SELECT count(*) FROM template WHERE taken_name = @taken AND id <> @id", row, transaction) > 0) return SaveResult.NameTaken;
            var saved = connection.Execute(
                "UPDATE template SET name = @name, taken_name = @taken, newest = @version WHERE id = @id AND newest = @version - 1 AND taken_name IS NOT NULL", row, transaction) == 1;
            if (!saved) return SaveResult.Outdated;
            InsertVersion(connection, transaction, row);
            return SaveResult.Saved;
        },
        cancellationToken);

    public ValueTask<Template?> FindAsync(TemplateId id, int? version, CancellationToken cancellationToken) => session.ReadAsync(
        connection => connection.QuerySingleOrDefault<Row>(
            version is null ? $"{Select} WHERE t.id = @id AND v.version = t.newest AND t.taken_name IS NOT NULL" : $"{Select} WHERE t.id = @id AND v.version = @version",
            new { id = id.ToString(), version })?.Template(),
        cancellationToken);

    public ValueTask<IReadOnlyList<Template>> ListAsync(string? after, int most, CancellationToken cancellationToken) => session.ReadAsync<IReadOnlyList<Template>>(
        connection => [.. connection.Query<Row>(
            $"{Select} WHERE v.version = t.newest AND t.taken_name > @after ORDER BY t.taken_name LIMIT @most", new { after = after?.ToLowerInvariant() ?? "", most }).Select(row => row.Template())],
        cancellationToken);

    public ValueTask<IReadOnlyList<Template>> VersionsAsync(TemplateId id, int? before, int most, CancellationToken cancellationToken) => session.ReadAsync<IReadOnlyList<Template>>(
        connection => [.. connection.Query<Row>(
            $"{Select} WHERE t.id = @id AND t.taken_name IS NOT NULL AND v.version < @before ORDER BY v.version DESC LIMIT @most",
            new { id = id.ToString(), before = before ?? int.MaxValue, most }).Select(row => row.Template())],
        cancellationToken);

    public ValueTask<bool> RemoveAsync(TemplateId id, CancellationToken cancellationToken) => session.WriteAsync(
        (connection, transaction) => connection.Execute(
            "UPDATE template SET taken_name = NULL WHERE id = @id AND taken_name IS NOT NULL", new { id = id.ToString() }, transaction) == 1,
        cancellationToken);

    private static void InsertVersion(DbConnection connection, DbTransaction transaction, object row) => connection.Execute(
        "INSERT INTO template_version (template, version, subject, html, text, saved_at) VALUES (@id, @version, @subject, @html, @text, @savedAt)", row, transaction);

    private static object RowOf(Template template) => new
    {
        id = template.Id.ToString(),
        name = template.Name,
        taken = template.Name.ToLowerInvariant(),
        version = (long)template.Version,
        createdAt = SqlWords.Of(template.CreatedAt),
        subject = template.Words.Subject,
        html = template.Words.Html,
        text = template.Words.Text,
        savedAt = SqlWords.Of(template.SavedAt),
    };

    private sealed class Row
    {
        public string Id { get; set; } = "";

        public string Name { get; set; } = "";

        public long CreatedAt { get; set; }

        public long Version { get; set; }

        public string Subject { get; set; } = "";

        public string? Html { get; set; }

        public string? Text { get; set; }

        public long SavedAt { get; set; }

        public Template Template() => new()
        {
            Id = TemplateId.TryParse(Id, out var id) ? id : default,
            Version = (int)Version,
            Name = Name,
            Words = new(Subject, Html, Text),
            CreatedAt = SqlWords.Instant(CreatedAt),
            SavedAt = SqlWords.Instant(SavedAt),
        };
    }
}
