using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Backups;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.Sql.Backups;

using File = System.IO.File;

/// <summary>Backups as they are made, listed, checked, removed, and refused.</summary>
public sealed class BackupTests
{
    private static CancellationToken Cancel => CancellationToken.None;

    [Fact]
    public async Task A_backup_is_one_checked_file_for_its_owner_alone_with_its_checksum_beside_it()
    {
        await using var world = new BackupWorld();
        await world.AddAsync();

        var made = await world.Backups.CreateAsync("asked for", null, Cancel);

        made.FileName.ShouldMatch(@"^nightmail_2026-12-01T08-00-00Z_[0-9a-f]{8}\.db$");
        made.Damage.ShouldBeNull();
        (await world.Backups.VerifyAsync(made.FileName, Cancel))!.Damage.ShouldBeNull();
        (await world.Backups.ListAsync(Cancel)).ShouldBe([made]);
        Directory.EnumerateFileSystemEntries(world.Backups.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal).ShouldBe([made.FileName, made.FileName + ".sha256"]);
        foreach (var file in Directory.EnumerateFiles(world.Backups.Folder)) new FileInfo(file).UnixFileMode.ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using var check = Process.Start(new ProcessStartInfo("sha256sum", ["-c", "--status", made.FileName + ".sha256"]) { WorkingDirectory = world.Backups.Folder })!;
        await check.WaitForExitAsync(Cancel);
        check.ExitCode.ShouldBe(0);
        Scalar(world.PathOf(made.FileName), "SELECT count(*) FROM email").ShouldBe(1L);
        Scalar(world.PathOf(made.FileName), "SELECT reason FROM backup").ShouldBe("asked for");
    }

    [Fact]
    public async Task Two_backups_of_one_second_do_not_meet()
    {
        await using var world = new BackupWorld();
        for (var count = 0; count < 5; count++) await world.Backups.CreateAsync("asked for", null, Cancel);
        (await world.Backups.ListAsync(Cancel)).Select(backup => backup.FileName).Distinct().Count().ShouldBe(5);
    }

    [Fact]
    public async Task A_request_that_is_repeated_makes_one_backup()
    {
        await using var world = new BackupWorld();
        var id = Guid.Parse("0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b");
        var made = await world.Backups.CreateAsync("asked for", id, Cancel);
        world.Time.Advance(TimeSpan.FromMinutes(1));
        (await world.Backups.CreateAsync("asked for", id, Cancel)).ShouldBe(made);
        (await world.Backups.ListAsync(Cancel)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Pruning_keeps_the_newest_and_never_takes_the_last_good_one()
    {
        await using var world = new BackupWorld();
        List<string> made = [];
        for (var day = 0; day < 6; day++)
        {
            made.Add((await world.Backups.CreateAsync("asked for", null, Cancel)).FileName);
            world.Time.Advance(TimeSpan.FromDays(1));
        }

        (await world.Backups.PruneAsync(4, Cancel)).ShouldBe([made[1], made[0]]);
        foreach (var name in made[4..]) await File.WriteAllTextAsync(world.PathOf(name), "damaged", Cancel);
        (await world.Backups.PruneAsync(2, Cancel)).ShouldBe([made[2]]);
        (await world.Backups.ListAsync(Cancel)).Select(backup => (backup.FileName, backup.Damage is null)).ShouldBe([(made[5], false), (made[4], false), (made[3], true)]);
        (await world.Backups.PruneAsync(1, Cancel)).ShouldBe([made[4]]);
        Directory.EnumerateFiles(world.Backups.Folder).Count().ShouldBe(4);
    }

    [Fact]
    public async Task Pruning_counts_neither_what_restores_replaced_nor_what_a_wrong_clock_made_and_spares_the_last_that_holds_emails()
    {
        await using var world = new BackupWorld();
        async Task<Backup> MakeAsync(string reason)
        {
            world.Time.Advance(TimeSpan.FromHours(1));
            return await world.Backups.CreateAsync(reason, null, Cancel);
        }

        var empty = await MakeAsync("asked for");
        await world.AddAsync();
        var full = await MakeAsync("scheduled");
        var replaced = new List<string>();
        for (var restore = 0; restore < 5; restore++) replaced.Add((await MakeAsync(BackupReason.BeforeRestore(full.FileName))).FileName);
        var ahead = full.FileName.Replace("_2026-", "_2036-", StringComparison.Ordinal);
        foreach (var ending in (string[])["", ".sha256"]) File.Copy(world.PathOf(full.FileName + ending), world.PathOf(ahead + ending));

        (empty.About!.Emails, full.About!.Emails, full.About.Reason).ShouldBe((0, 1, "scheduled"));
        (await world.Backups.PruneAsync(1, Cancel)).ShouldBe([empty.FileName, replaced[1], replaced[0]]);
        (await world.Backups.ListAsync(Cancel)).Select(backup => backup.FileName).ShouldBe([ahead, replaced[4], replaced[3], replaced[2], full.FileName]);
    }

    [Fact]
    public async Task Of_backups_of_one_second_the_last_made_comes_first_and_stays()
    {
        await using var world = new BackupWorld();
        List<string> made = [];
        for (var count = 0; count < 8; count++)
        {
            made.Insert(0, (await world.Backups.CreateAsync("asked for", null, Cancel)).FileName);
            world.Time.Advance(TimeSpan.FromMilliseconds(100));
        }

        (await world.Backups.ListAsync(Cancel)).Select(backup => backup.FileName).ShouldBe(made);
        (await world.Backups.PruneAsync(1, Cancel)).ShouldBe(made[1..]);
    }

    [Fact]
    public async Task An_empty_queue_s_backups_do_not_push_out_the_last_that_holds_emails()
    {
        await using var world = new BackupWorld();
        await world.AddAsync();
        var full = await world.Backups.CreateAsync("scheduled", null, Cancel);
        // As after a mishap: the emails are gone, and the nights go on.
        Scalar(Path.Combine(world.Folder, "nightmail.db"), "DELETE FROM email; DELETE FROM content; UPDATE tally SET rows = 0");
        for (var night = 0; night < 3; night++)
        {
            world.Time.Advance(TimeSpan.FromDays(1));
            (await world.Backups.CreateAsync("scheduled", null, Cancel)).About!.Emails.ShouldBe(0);
            await world.Backups.PruneAsync(1, Cancel);
        }

        (await world.Backups.ListAsync(Cancel)).Select(backup => backup.About!.Emails).ShouldBe([0, 1]);
        (await world.Backups.ListAsync(Cancel))[1].FileName.ShouldBe(full.FileName);
    }

    public static TheoryData<string, string> Damages => new()
    {
        { "cut", "its bytes are not those that were kept" },
        { "flipped", "its bytes are not those that were kept" },
        { "flipped, and its file as old as before", "its bytes are not those that were kept" },
        { "empty", "it is empty" },
        { "without its checksum", "its checksum is not beside it" },
        { "cut, with a new checksum", "damaged" },
        { "flipped, with a new checksum", "damaged" },
        { "no database at all, with a new checksum", "no database" },
        { "another program's database, with a new checksum", "is another program's database" },
        { "our ledger, with a new checksum", "is another program's database" },
        { "our emails without the control plane, with a new checksum", "its control plane is missing" },
        { "a newer schema, with a new checksum", "was written by a newer nightmail" },
        { "a newer control schema, with a new checksum", "was written by a newer nightmail" },
        { "wrong counts, with a new checksum", "its counts do not add up" },
        { "a piece of the control plane less, with a new checksum", "its control plane (accounts, templates, campaigns) is damaged" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task A_damaged_backup_is_refused_with_the_reason_and_nothing_changes(string kind, string words)
    {
        await using var world = new BackupWorld();
        for (var count = 0; count < 40; count++) await world.AddAsync(text: new string('x', 2000));
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        var later = await world.AddAsync();
        var written = File.GetLastWriteTimeUtc(world.PathOf(backup.FileName));
        Damage(world, backup.FileName, kind);
        if (kind.Contains("as old", StringComparison.Ordinal)) File.SetLastWriteTimeUtc(world.PathOf(backup.FileName), written);
        if (kind.Contains("as old", StringComparison.Ordinal)) (await world.Backups.ListAsync(Cancel)).ShouldHaveSingleItem().Damage.ShouldBeNull("a list does not read again what has not changed");
        var before = await world.SeenAsync();

        var result = (await world.Backups.RestoreAsync(backup.FileName, Cancel)).ShouldBeOfType<RestoreResult.Damaged>();

        result.Why.ShouldContain(words);
        (await world.SeenAsync()).ShouldBe(before);
        (await world.StatusAsync(later)).ShouldBe(Core.Emails.EmailStatus.Pending);
        (await world.Backups.VerifyAsync(backup.FileName, Cancel))!.Damage.ShouldBe(result.Why);
        (await world.Backups.ListAsync(Cancel)).Count.ShouldBe(1);
        Directory.Exists(Path.Combine(world.Folder, "restore.part")).ShouldBeFalse();
    }

    [Theory]
    [InlineData("../nightmail.db")]
    [InlineData("/etc/passwd")]
    [InlineData("nightmail_2026-12-01T08-00-00Z_00000000.db")]
    [InlineData("link")]
    [InlineData("nightmail_2026-12-01T08-00-00Z_0123abcd.db.sha256")]
    [InlineData("nightmail_2026-12-01T08-00-00Z_0123abcd.db\n")]
    [InlineData("nightmail_2026-12-01T08-00-00Z_0123abcd.db\0")]
    [InlineData("")]
    public async Task A_name_that_no_list_gives_is_unknown_whatever_lies_there(string name)
    {
        await using var world = new BackupWorld();
        var real = await world.Backups.CreateAsync("asked for", null, Cancel);
        var link = "nightmail_2026-12-01T08-00-00Z_0123abcd.db";
        File.CreateSymbolicLink(world.PathOf(link), world.PathOf(real.FileName));
        var before = await world.SeenAsync();
        if (name == "link") name = link;

        (await world.Backups.RestoreAsync(name, Cancel)).ShouldBeOfType<RestoreResult.NotFound>();
        (await world.Backups.OpenAsync(name, Cancel)).ShouldBeNull();
        (await world.Backups.VerifyAsync(name, Cancel)).ShouldBeNull();
        (await world.Backups.RemoveAsync(name, Cancel)).ShouldBeFalse();

        (await world.Backups.ListAsync(Cancel)).Select(backup => backup.FileName).ShouldBe([real.FileName]);
        (await world.SeenAsync()).ShouldBe(before);
        File.Exists(Path.Combine(world.Folder, "nightmail.db")).ShouldBeTrue();
    }

    [Fact]
    public async Task A_full_disk_leaves_no_half_backup_and_room_makes_it_work_again()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can mount a small file system");
        await using var world = new BackupWorld();
        for (var count = 0; count < 200; count++) await world.AddAsync(text: new string('x', 20_000));
        var small = Directory.CreateDirectory(Path.Combine(world.Folder, "backups")).FullName;
        Shell($"mount -t tmpfs -o size=2m,mode=700 none '{small}'");
        try
        {
            var before = await world.SeenAsync();
            var failed = await Should.ThrowAsync<StoreException>(async () => await world.Backups.CreateAsync("asked for", null, Cancel));
            failed.Trouble.ShouldBe(StoreTrouble.Unwritable);
            failed.Message.ShouldContain("full");
            Directory.EnumerateFileSystemEntries(small).ShouldBeEmpty();
            (await world.Backups.ListAsync(Cancel)).ShouldBeEmpty();
            (await world.SeenAsync()).ShouldBe(before);

            Shell($"mount -o remount,size=64m '{small}'");
            (await world.Backups.CreateAsync("asked for", null, Cancel)).Damage.ShouldBeNull();
        }
        finally
        {
            Shell($"umount '{small}'");
        }
    }

    [Fact]
    public async Task A_checksum_that_cannot_be_read_breaks_neither_the_list_nor_the_pruning()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can mount a file system that refuses to be read");
        await using var world = new BackupWorld();
        var old = await world.Backups.CreateAsync("asked for", null, Cancel);
        world.Time.Advance(TimeSpan.FromHours(1));
        var newer = await world.Backups.CreateAsync("asked for", null, Cancel);
        // A file whose every read is an I/O error: the memory of a process at an address where there is none.
        var note = world.PathOf(old.FileName) + ".sha256";
        File.Exists(note).ShouldBeTrue();
        Shell($"mount --bind /proc/{Environment.ProcessId}/mem '{note}'");
        try
        {
            var listed = await world.Backups.ListAsync(Cancel);
            listed.Select(each => each.FileName).ShouldBe([newer.FileName, old.FileName]);
            listed[0].Damage.ShouldBeNull();
            listed[1].Damage.ShouldNotBeNull();
            (await Should.ThrowAsync<StoreException>(async () => await world.Backups.RemoveAsync(old.FileName, Cancel))).Message.ShouldContain(old.FileName);
        }
        finally
        {
            Shell($"umount '{note}'");
        }

        (await world.Backups.PruneAsync(1, Cancel)).ShouldBeSubsetOf([old.FileName]);
        (await world.Backups.ListAsync(Cancel)).ShouldHaveSingleItem().FileName.ShouldBe(newer.FileName);
    }

    [Fact]
    public async Task What_a_dead_process_had_begun_is_removed_by_the_next_backup()
    {
        await using var world = new BackupWorld();
        Directory.CreateDirectory(world.Backups.Folder);
        await File.WriteAllTextAsync(world.PathOf(".nightmail_2026-12-01T08-00-00Z_00000000.db.part"), "half", Cancel);
        await File.WriteAllTextAsync(world.PathOf(".nightmail_2026-12-01T08-00-00Z_00000000.db.part-journal"), "half", Cancel);
        (await world.Backups.ListAsync(Cancel)).ShouldBeEmpty();

        await world.Backups.CreateAsync("asked for", null, Cancel);

        Directory.EnumerateFiles(world.Backups.Folder).Count().ShouldBe(2);
    }

    [Fact]
    public async Task A_note_whose_backup_never_came_goes_once_it_is_sure_that_nobody_is_about_to_put_it_there()
    {
        await using var world = new BackupWorld();
        Directory.CreateDirectory(world.Backups.Folder);
        foreach (var (digits, age) in new[] { ("00000000", 61), ("11111111", 59) })
        {
            var note = world.PathOf($"nightmail_2026-12-01T08-00-00Z_{digits}.db.sha256");
            await File.WriteAllTextAsync(note, "note", Cancel);
            File.SetLastWriteTimeUtc(note, world.Time.GetUtcNow().UtcDateTime.AddSeconds(-age));
        }

        await File.WriteAllTextAsync(world.PathOf("mine.sha256"), "somebody else's", Cancel);
        var made = (await world.Backups.CreateAsync("asked for", null, Cancel)).FileName;

        Directory.EnumerateFiles(world.Backups.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal)
            .ShouldBe(((string[])["mine.sha256", "nightmail_2026-12-01T08-00-00Z_11111111.db.sha256", made, made + ".sha256"]).Order(StringComparer.Ordinal));
    }

    private static void Damage(BackupWorld world, string name, string kind)
    {
        var path = world.PathOf(name);
        if (kind.StartsWith("cut", StringComparison.Ordinal)) Cut(path);
        else if (kind.StartsWith("flipped", StringComparison.Ordinal)) Flip(path);
        else if (kind.StartsWith("empty", StringComparison.Ordinal)) File.WriteAllBytes(path, []);
        else if (kind.StartsWith("without", StringComparison.Ordinal)) File.Delete(path + ".sha256");
        else if (kind.StartsWith("no database", StringComparison.Ordinal)) File.WriteAllText(path, new string('n', 100_000));
        else if (kind.StartsWith("another", StringComparison.Ordinal)) MakeOther(path);
        else if (kind.StartsWith("our ledger", StringComparison.Ordinal)) Scalar(Path.Combine(world.Folder, "ledger.db"), $"VACUUM INTO '{path}'", replaces: path);
        else if (kind.StartsWith("our emails", StringComparison.Ordinal)) Scalar(Path.Combine(world.Folder, "nightmail.db"), $"VACUUM INTO '{path}'", replaces: path);
        else if (kind.StartsWith("a newer schema", StringComparison.Ordinal)) Scalar(path, "PRAGMA user_version=99");
        else if (kind.StartsWith("a newer control", StringComparison.Ordinal)) Scalar(path, "UPDATE backup SET control_schema = 99");
        else if (kind.StartsWith("wrong counts", StringComparison.Ordinal)) Scalar(path, "UPDATE tally SET rows = rows + 1");
        else if (kind.StartsWith("a piece", StringComparison.Ordinal)) Scalar(path, "DELETE FROM backup_part");
        else throw new ArgumentOutOfRangeException(nameof(kind), kind, null);
        if (kind.Contains("new checksum", StringComparison.Ordinal)) File.WriteAllText(path + ".sha256", $"{ServerBackupShelf.Sha256Of(path)}  {name}\n");
    }

    private static void Cut(string path)
    {
        using var file = new FileStream(path, FileMode.Open);
        file.SetLength(file.Length / 2);
    }

    /// <summary>Flips bytes in the middle of several pages, so that one of them is surely in use.</summary>
    private static void Flip(string path)
    {
        var bytes = File.ReadAllBytes(path);
        for (var page = 1; page < bytes.Length / 4096; page++) bytes[(page * 4096) + 3] ^= 0xff;
        File.WriteAllBytes(path, bytes);
    }

    private static void MakeOther(string path)
    {
        File.Delete(path);
        Scalar(path, "CREATE TABLE recipe (name TEXT); SELECT 1");
    }

    private static object? Scalar(string path, string sql, string? replaces = null)
    {
        if (replaces is not null) File.Delete(replaces);
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private static void Shell(string command)
    {
        using var shell = Process.Start("/bin/sh", ["-c", command]);
        shell.WaitForExit();
        shell.ExitCode.ShouldBe(0, command);
    }
}
