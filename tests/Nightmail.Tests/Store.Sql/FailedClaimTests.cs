using Microsoft.Data.Sqlite;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Testing.Store;
using Nightmail.Tests.Store.Sql.Backups;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.Sql;

/// <summary>A claim that fails in its middle leaves everything where it was.</summary>
public sealed class FailedClaimTests
{
    [Fact]
    public async Task What_it_had_taken_is_there_for_the_next_and_others_requests_go_on()
    {
        await using var world = new BackupWorld();
        List<ScheduledEmail> emails = [];
        for (var count = 0; count < 3; count++) emails.Add(await world.AddAsync());
        // So that the ledger knows something of the one in the middle, which then cannot be read.
        await world.Store.ChangeAsync(emails[1].Id, new EmailChange.Reschedule(emails[1].ScheduledFor, null), BackupWorld.Cancel);
        var detail = "";
        await world.WhileClosedAsync(folder => detail = Entry(folder, "SELECT detail FROM entry WHERE detail IS NOT NULL"));
        await world.WhileClosedAsync(folder => Entry(folder, "UPDATE entry SET detail = '{\"scheduled_for\":[' WHERE detail IS NOT NULL"));
        await using var worker = await world.Store.EnterAsync(BackupWorld.Cancel);

        for (var tries = 0; tries < 3; tries++)
        {
            await Should.ThrowAsync<Exception>(async () => await world.Store.ClaimDueAsync(worker.Id, Given.Capacity(3), BackupWorld.Cancel));
            (await world.AddAsync()).Id.ShouldNotBe(default);
        }

        Entry(world.Folder, $"UPDATE entry SET detail = '{detail}' WHERE detail IS NOT NULL");
        (await world.Store.ClaimDueAsync(worker.Id, Given.Capacity(9), BackupWorld.Cancel)).Select(claim => claim.Email.Id).ShouldBe([.. emails.Select(email => email.Id), .. await RestAsync(world, emails)], ignoreOrder: true);
    }

    private static async Task<IEnumerable<EmailId>> RestAsync(BackupWorld world, List<ScheduledEmail> first) =>
        (await world.Store.ListAsync(new(), BackupWorld.Cancel)).Select(email => email.Id).Except(first.Select(email => email.Id));

    private static string Entry(string folder, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "ledger.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() as string ?? "";
    }
}
