using Dapper;
using Nightmail.Core.Storage;

namespace Nightmail.Store.Sql.Shared;

/// <summary>The settings of a server that were changed.</summary>
internal sealed class SettingRows(ISqlSession session) : ISettingStore
{
    public ValueTask<StoredSetting?> FindAsync(string name, CancellationToken cancellationToken) => session.ReadAsync(
        connection => connection.QuerySingleOrDefault<Row>("SELECT name AS Name, value AS Value, version AS Version FROM setting WHERE name = @name", new { name })?.Setting(),
        cancellationToken);

    public ValueTask<bool> SaveAsync(StoredSetting setting, CancellationToken cancellationToken) => session.WriteAsync(
        (connection, transaction) => connection.Execute(
            setting.Version == 1
                ? "INSERT INTO setting (name, value, version) VALUES (@Name, @Value, @Version) ON CONFLICT (name) DO NOTHING"
                : "UPDATE setting SET value = @Value, version = @Version WHERE name = @Name AND version = @Version - 1",
            setting, transaction) == 1,
        cancellationToken);

    private sealed class Row
    {
        public string Name { get; set; } = "";

        public string Value { get; set; } = "";

        public long Version { get; set; }

        public StoredSetting Setting() => new(Name, Value, (int)Version);
    }
}
