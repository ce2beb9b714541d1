using System.Runtime.Versioning;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql;
using Nightmail.Store.Sql.Sqlite;
using Nightmail.Store.Sql.Sqlite.Folder;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.Sql;

/// <summary>A data folder has one owner, and none once it is given back.</summary>
public sealed class DataFolderTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("nightmail-folder-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task Nobody_else_reads_the_databases_whatever_lies_there_and_whatever_the_folder_lets_in()
    {
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await System.IO.File.WriteAllBytesAsync(Path.Combine(folder, "control.db"), [], TestContext.Current.CancellationToken);
        System.IO.File.SetUnixFileMode(Path.Combine(folder, "control.db"), owner | UnixFileMode.OtherRead);
        System.IO.File.SetUnixFileMode(folder, owner | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);

        await using var store = SqliteEmailStore.Open(new() { Folder = folder }, TimeProvider.System);
        await using var plane = ControlPlane.OpenSqlite(folder);
        await store.AddAsync([Given.Email(TimeProvider.System)], TestContext.Current.CancellationToken);

        var files = Directory.GetFiles(folder);
        files.Length.ShouldBeGreaterThan(6);
        files.ShouldAllBe(file => System.IO.File.GetUnixFileMode(file) == owner);
    }

    [Fact]
    public void A_second_owner_is_told_who_the_first_is()
    {
        using var first = DataFolder.Take(folder, TimeProvider.System);

        Should.Throw<StoreException>(() => DataFolder.Take(folder, TimeProvider.System)).Message.ShouldContain($"process {Environment.ProcessId} on ");
    }

    [Fact]
    public void A_folder_that_is_given_back_is_free_though_a_child_is_just_being_started()
    {
        var first = DataFolder.Take(folder, TimeProvider.System);
        using var child = OpenFiles.CopyOf(Path.Combine(folder, "lock"));
        first.Dispose();

        Should.NotThrow(() => DataFolder.Take(folder, TimeProvider.System).Dispose());
    }
}
