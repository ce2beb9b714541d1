using System.Diagnostics;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite;
using Nightmail.Store.Sql.Sqlite.Transactions;
using Nightmail.Testing;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.Sql;

/// <summary>A store whose disk refuses goes on by itself once the disk does.</summary>
public sealed class FullDiskTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_disk_that_fills_up_until_even_the_log_cannot_be_moved_stops_nothing_for_good()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can mount a small file system");
        var folder = Directory.CreateTempSubdirectory("nightmail-full-").FullName;
        Shell($"mount -t tmpfs -o size=24m,mode=700 none '{folder}'");
        try
        {
            var time = new ManualTime();
            await using var store = SqliteEmailStore.Open(new() { Folder = folder }, time);
            var added = new List<EmailId>();
            StoreException? full = null;
            // Far beyond the pages after which the log is moved, so that moving it has failed as well by the end.
            for (var count = 0; count < 400; count++)
            {
                try
                {
                    added.Add(await AddAsync(store, time));
                }
                catch (StoreException failed)
                {
                    full = failed;
                    time.Advance(TimeSpan.FromSeconds(2));
                }
            }

            full.ShouldNotBeNull().Trouble.ShouldBe(StoreTrouble.Unwritable);
            Shell($"mount -o remount,size=256m '{folder}'");
            time.Advance(TimeSpan.FromSeconds(2));

            for (var count = 0; count < 200; count++) added.Add(await AddAsync(store, time));
            (await store.ListAsync(new(), Cancel)).Select(email => email.Id).ShouldBe(added, ignoreOrder: true);
            (await store.OverviewAsync(Cancel)).TotalScheduled.ShouldBe(added.Count);
        }
        finally
        {
            Shell($"umount '{folder}'");
            Directory.Delete(folder);
        }
    }

    [Fact]
    public async Task A_disk_that_cannot_even_be_read_after_a_failure_is_asked_again_after_a_pause()
    {
        await using var world = new SqliteStoreWorld();
        var store = world.OpenSqlite();
        var resets = 0;
        store.AtStage = stage =>
        {
            if (stage == BatchStage.BeforeReset) resets++;
            throw new IOException("the disk is gone");
        };
        await Should.ThrowAsync<IOException>(() => AddAsync(store, world.Time));
        await Should.ThrowAsync<IOException>(() => AddAsync(store, world.Time));
        resets.ShouldBe(1);
        world.Time.Advance(TimeSpan.FromSeconds(1));
        await Should.ThrowAsync<IOException>(() => AddAsync(store, world.Time));
        resets.ShouldBe(2);

        store.AtStage = null;
        world.Time.Advance(TimeSpan.FromSeconds(1));
        var added = await AddAsync(store, world.Time);

        (await store.ListAsync(new(), Cancel)).Select(email => email.Id).ShouldBe([added]);
    }

    private static async Task<EmailId> AddAsync(SqliteEmailStore store, ManualTime time)
    {
        var email = Given.Email(time);
        email = email with { Content = email.Content with { Text = new string('x', 100_000) } };
        await store.AddAsync([email], Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(60), Cancel);
        return email.Id;
    }

    private static void Shell(string command)
    {
        using var shell = Process.Start("sh", ["-c", command]);
        shell.WaitForExit();
        shell.ExitCode.ShouldBe(0, command);
    }
}
