using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.Sql.Backups;

using File = System.IO.File;

/// <summary>Seeded worlds in which emails come, leave and are taken back, the rows are lost, and any backup is brought back.</summary>
public sealed class RestoreWorldTests
{
    private const int Steps = 60;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Whatever_backup_comes_back_what_is_settled_stays_settled_and_what_waits_waits(int seed)
    {
        var random = new Random(seed);
        await using var world = new BackupWorld(seed);
        // What became of every email that there ever was, and which of them have to be there.
        var fates = new Dictionary<EmailId, EmailStatus>();
        var there = new HashSet<EmailId>();
        var backups = new List<(Backup Backup, HashSet<EmailId> Known)>();
        for (var step = 0; step < Steps; step++)
        {
            world.Time.Advance(TimeSpan.FromMinutes(random.Next(1, 600)));
            switch (random.Next(9))
            {
                case 0 or 1 or 2:
                    var added = (await world.AddAsync(text: $"{step}")).Id;
                    fates[added] = EmailStatus.Pending;
                    there.Add(added);
                    break;
                case 3 or 4 when there.Any(id => fates[id] == EmailStatus.Pending):
                    fates[await world.SendAsync()] = EmailStatus.Sent;
                    break;
                case 5 when there.Any(id => fates[id] == EmailStatus.Pending):
                    var taken = there.First(id => fates[id] == EmailStatus.Pending);
                    (await world.Store.ChangeAsync(taken, new EmailChange.Cancel(), BackupWorld.Cancel)).Refusal.ShouldBeNull();
                    fates[taken] = EmailStatus.Cancelled;
                    break;
                case 6:
                    backups.Add((await world.Backups.CreateAsync("asked for", null, BackupWorld.Cancel), [.. there]));
                    break;
                case 7 when backups.Count > 0:
                    var (older, known) = backups[random.Next(backups.Count)];
                    await world.RestoreAsync(older);
                    there.UnionWith(known);
                    await world.Store.SetSendingPausedAsync(false, BackupWorld.Cancel);
                    break;
                case 8 when backups.Count > 0 && random.Next(3) == 0:
                    there = await LoseAndRestoreAsync(world, backups[random.Next(backups.Count)]);
                    break;
            }

            await CheckAsync(world, there.ToDictionary(id => id, id => fates[id]), $"seed {seed}, step {step}");
        }

        backups.ShouldNotBeEmpty();
    }

    /// <summary>The rows are lost; what no backup knows is lost with them, and nothing else.</summary>
    private static async Task<HashSet<EmailId>> LoseAndRestoreAsync(BackupWorld world, (Backup Backup, HashSet<EmailId> Known) backup)
    {
        await world.WhileClosedAsync(folder =>
        {
            foreach (var ending in (string[])["", "-wal", "-shm"]) File.Delete(Path.Combine(folder, "nightmail.db" + ending));
        });
        await world.RestoreAsync(backup.Backup);
        await world.Store.SetSendingPausedAsync(false, BackupWorld.Cancel);
        return [.. backup.Known];
    }

    private static async Task CheckAsync(BackupWorld world, Dictionary<EmailId, EmailStatus> fates, string when)
    {
        var rows = (await world.Store.ListAsync(new(), BackupWorld.Cancel)).ToDictionary(row => row.Id, row => row.Status);
        rows.ShouldBe(fates, ignoreOrder: true, when);
        var overview = await world.Store.OverviewAsync(BackupWorld.Cancel);
        overview.Counts.Values.Sum().ShouldBe(fates.Count, when);
        overview.TotalScheduled.ShouldBe(fates.Count, when);
    }
}
