using Microsoft.Data.Sqlite;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite;
using Nightmail.Store.Sql.Sqlite.Transactions;
using Nightmail.Testing;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.Sql;

/// <summary>What a data folder is after its owner died, and with one of its files lost, old or strange.</summary>
public sealed class SqliteCrashTests : IAsyncLifetime
{
    private readonly SqliteStoreWorld world = new();
    private SqliteEmailStore store = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private ManualTime Time => world.Time;

    private string Emails => Path.Combine(world.Folder, "nightmail.db");

    private string Ledger => Path.Combine(world.Folder, "ledger.db");

    public ValueTask InitializeAsync()
    {
        store = world.OpenSqlite();
        return default;
    }

    public async ValueTask DisposeAsync() => await world.DisposeAsync();

    [Fact]
    public void A_second_owner_is_told_who_has_the_folder()
    {
        var refused = Should.Throw<StoreException>(() => SqliteEmailStore.Open(new() { Folder = world.Folder }, Time));
        refused.Trouble.ShouldBe(StoreTrouble.Busy);
        refused.Message.ShouldContain($"process {Environment.ProcessId} on {Environment.MachineName}");
    }

    [Fact]
    public async Task What_was_answered_survives_the_death_of_the_owner()
    {
        var email = await AddAsync(Given.Email(Time) with { IdempotencyKey = new("k", "h") });
        await store.SetSendingPausedAsync(true, Cancel);
        store = await world.KillAndOpenAsync();
        Given.Words((await store.FindAsync(email.Id, Cancel))!).ShouldBe(Given.Words(email));
        (await store.OverviewAsync(Cancel)).SendingPaused.ShouldBeTrue();
        (await store.AddAsync([Given.Email(Time) with { IdempotencyKey = new("k", "h") }], Cancel)).Single().ShouldBeOfType<AddResult.Existing>().Id.ShouldBe(email.Id);
    }

    [Theory]
    [InlineData(Verdict.Delivered, EmailStatus.Sent)]
    [InlineData(Verdict.Bounced, EmailStatus.Failed)]
    [InlineData(Verdict.Deferred, EmailStatus.Pending)]
    public async Task A_death_between_the_ledger_and_the_rows_forgets_no_outcome(Verdict verdict, EmailStatus expected)
    {
        var claim = await BegunAsync();
        // The claim's own row is written before the disk fails.
        await store.OverviewAsync(Cancel);
        store.AtStage = DieAt(BatchStage.BeforeUnflushedRows);
        // The ledger has it, and so it is recorded, whatever becomes of the row.
        (await store.RecordAsync(claim, Given.Result(claim, verdict, Time), Cancel)).ShouldBeTrue();
        store = await world.KillAndOpenAsync();
        await store.RescueAsync(DoubtPolicy.Hold, Cancel);
        (await store.FindAsync(claim.Email.Id, Cancel))!.Status.ShouldBe(expected);
        (await store.OverviewAsync(Cancel)).Counts.ShouldBe(new Dictionary<EmailStatus, int> { [expected] = 1 });
    }

    [Fact]
    public async Task A_cancel_that_reached_only_the_ledger_holds_at_once_and_after_a_death()
    {
        var email = await AddAsync(Given.Email(Time));
        store.AtStage = DieAt(BatchStage.BeforeRows);
        await Should.ThrowAsync<StoreException>(async () => await store.ChangeAsync(email.Id, new EmailChange.Cancel(), Cancel));
        store.AtStage = null;
        var worker = await store.EnterAsync(Cancel);
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).ShouldBeEmpty();
        store = await world.KillAndOpenAsync();
        (await store.FindAsync(email.Id, Cancel))!.Status.ShouldBe(EmailStatus.Cancelled);
        (await store.OverviewAsync(Cancel)).Counts.ShouldBe(new Dictionary<EmailStatus, int> { [EmailStatus.Cancelled] = 1 });
    }

    [Fact]
    public async Task An_email_that_was_not_kept_leaves_no_key_behind()
    {
        store.AtStage = DieAt(BatchStage.BeforeRows);
        await Should.ThrowAsync<StoreException>(async () => await store.AddAsync([Given.Email(Time) with { IdempotencyKey = new("k", "h") }], Cancel));
        store = await world.KillAndOpenAsync();
        (await store.AddAsync([Given.Email(Time) with { IdempotencyKey = new("k", "h") }], Cancel)).Single().ShouldBeOfType<AddResult.Added>();
    }

    [Fact]
    public async Task An_old_file_of_emails_under_a_newer_ledger_sends_nothing_again()
    {
        await AddAsync(Given.Email(Time));
        await world.CloseAsync();
        var old = await System.IO.File.ReadAllBytesAsync(Emails, Cancel);
        store = world.OpenSqlite();
        var claim = await ClaimAsync();
        (await store.BeginAsync(claim, Given.Begin(claim, Time), Cancel)).ShouldBeNull();
        (await store.RecordAsync(claim, Given.Result(claim, Verdict.Delivered, Time), Cancel)).ShouldBeTrue();
        await world.CloseAsync();
        await System.IO.File.WriteAllBytesAsync(Emails, old, Cancel);
        store = world.OpenSqlite();
        (await store.OverviewAsync(Cancel)).Counts.ShouldBe(new Dictionary<EmailStatus, int> { [EmailStatus.Sent] = 1 });
        (await store.RescueAsync(DoubtPolicy.Hold, Cancel)).Single().Status.ShouldBe(EmailStatus.Sent);
    }

    [Fact]
    public async Task Without_the_ledger_everything_that_waits_is_held_until_a_person_resumes_it()
    {
        var pending = await AddAsync(Given.Email(Time));
        var claim = await ClaimAsync();
        var other = await AddAsync(Given.Email(Time));
        await world.CloseAsync();
        System.IO.File.Delete(Ledger);
        store = world.OpenSqlite();
        var rows = await store.ListAsync(new(), Cancel);
        rows.ShouldAllBe(row => row.Status == EmailStatus.Paused && row.LastError == Settlement.LostLedger);
        (await store.OverviewAsync(Cancel)).Counts.ShouldBe(new Dictionary<EmailStatus, int> { [EmailStatus.Paused] = 2 });
        claim.Email.Id.ShouldBe(pending.Id);
        (await store.ChangeAsync(other.Id, new EmailChange.Resume(), Cancel)).Done.ShouldBeTrue();
        var again = await ClaimAsync();
        again.Email.Id.ShouldBe(other.Id);
        (await store.BeginAsync(again, Given.Begin(again, Time), Cancel)).ShouldBeNull();
    }

    [Fact]
    public async Task A_database_of_a_newer_program_and_one_of_another_are_refused_and_left_alone()
    {
        await world.CloseAsync();
        Run("PRAGMA user_version=99");
        Should.Throw<StoreException>(() => world.OpenSqlite()).Message.ShouldContain("newer nightmail");
        Run("PRAGMA user_version=1; PRAGMA application_id=7");
        Should.Throw<StoreException>(() => world.OpenSqlite()).Message.ShouldContain("another program's");
        await System.IO.File.WriteAllTextAsync(Emails, new string('x', 5000), Cancel);
        Should.Throw<StoreException>(() => world.OpenSqlite()).Trouble.ShouldBe(StoreTrouble.Unreadable);
    }

    private static Action<BatchStage> DieAt(BatchStage death) => stage =>
    {
        if (stage == death) throw new StoreException(StoreTrouble.Unwritable, "the disk is gone");
    };

    private void Run(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Emails};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private async Task<ScheduledEmail> AddAsync(ScheduledEmail email) => (await store.AddAsync([email], Cancel)).Single().ShouldBeOfType<AddResult.Added>().Email;

    private async Task<Claim> ClaimAsync() => (await store.ClaimDueAsync((await store.EnterAsync(Cancel)).Id, Given.Capacity(), Cancel)).Single();

    private async Task<Claim> BegunAsync()
    {
        await AddAsync(Given.Email(Time));
        var claim = await ClaimAsync();
        (await store.BeginAsync(claim, Given.Begin(claim, Time), Cancel)).ShouldBeNull();
        return claim;
    }
}
