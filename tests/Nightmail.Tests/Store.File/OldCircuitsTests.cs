using System.Text;
using System.Text.Json.Nodes;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Store.File;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>Old states of the queue, however they come back: the circuits of accounts are what they are now.</summary>
public sealed class OldCircuitsTests : IAsyncDisposable
{
    private static readonly AccountFault BadLogin = new(AccountFaultReason.Auth, "535 5.7.8 bad credentials");
    private readonly FakeStoreWorld world = new();
    private readonly FileEmailStore store;

    public OldCircuitsTests() => store = world.OpenFile();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("a backup is restored")]
    [InlineData("the old file is copied over it")]
    [InlineData("an old buffer is saved with a change")]
    [InlineData("the file is deleted and a backup is restored")]
    [InlineData("the file is spoilt")]
    public async Task An_old_closed_circuit_does_not_come_back(string how)
    {
        await store.AddAsync([Given.Email(world.Time)], Cancel);
        var (old, backup) = (Text(), (await store.Backups.CreateAsync(Cancel)).Name);
        await FailAsync();
        var open = await CircuitAsync();
        open.IsOpen.ShouldBeTrue();
        await BringBackAsync(how, old, backup);
        (await CircuitAsync()).ShouldBe(open, how);
        (await CircuitAsync(world.OpenFile())).ShouldBe(open);
    }

    [Theory]
    [InlineData("a backup is restored")]
    [InlineData("the old file is copied over it")]
    [InlineData("an old buffer is saved with a change")]
    [InlineData("the file is deleted and a backup is restored")]
    [InlineData("the file is spoilt")]
    public async Task An_old_open_circuit_does_not_come_back(string how)
    {
        await store.AddAsync([Given.Email(world.Time)], Cancel);
        await FailAsync();
        var (old, backup) = (Text(), (await store.Backups.CreateAsync(Cancel)).Name);
        (await store.ResetAccountAsync("work", Cancel)).ShouldBeTrue();
        var closed = await CircuitAsync();
        await BringBackAsync(how, old, backup);
        (await CircuitAsync()).ShouldBe(closed, how);
        (await CircuitAsync(world.OpenFile())).ShouldBe(closed);
    }

    [Fact]
    public async Task What_a_person_makes_of_a_circuit_in_the_file_is_not_taken_and_what_others_keep_there_is()
    {
        await store.AddAsync([Given.Email(world.Time)], Cancel);
        await FailAsync();
        var open = await CircuitAsync();
        var queue = JsonNode.Parse(Text())!;
        var work = queue["accounts"]!["work"]!.AsObject();
        work.Remove("circuit_breaker_until").ShouldBeTrue();
        work["colour"] = "green";
        queue["accounts"]!["hers"] = new JsonObject { ["circuit_breaker_until"] = world.Time.GetUtcNow().AddYears(1).ToUnixTimeSeconds(), ["note"] = 7 };
        world.Disk.Put(FakeStoreWorld.Path, Encoding.UTF8.GetBytes(queue.ToJsonString()));
        (await CircuitAsync()).ShouldBe(open);
        await store.AddAsync([Given.Email(world.Time)], Cancel);
        var after = JsonNode.Parse(Text())!["accounts"]!;
        after["work"]!["colour"]!.GetValue<string>().ShouldBe("green");
        after["hers"]!.ToJsonString().ShouldBe("""{"note":7}""");
        store.RecoveryReports().Single().Details.ShouldHaveSingleItem().ShouldContain("account reset NAME closes one");
    }

    [Fact]
    public async Task Where_only_a_backup_is_left_one_email_tries_at_once_whether_what_it_says_still_holds()
    {
        await using var worker = await store.EnterAsync(Cancel);
        await store.AddAsync([Given.Email(world.Time), Given.Email(world.Time)], Cancel);
        await FailAsync();
        var backup = (await store.Backups.CreateAsync(Cancel)).Name;
        world.Disk.Remove(FakeStoreWorld.Path.Replace(".json", ".revisions", StringComparison.Ordinal));
        world.Disk.Remove(FakeStoreWorld.Path);
        var after = world.OpenFile();
        await after.Backups.RestoreAsync(backup, Cancel);
        await after.SetSendingPausedAsync(false, Cancel);
        world.Time.Advance(TimeSpan.FromSeconds(10));
        (await StandingAsync(after)).Probes.ShouldBeTrue();
        await using var another = await after.EnterAsync(Cancel);
        (await after.ClaimDueAsync(another.Id, Given.Capacity(), Cancel)).Count.ShouldBe(1, "one probes; the rest waits for its verdict");
    }

    public ValueTask DisposeAsync() => world.DisposeAsync();

    private async Task BringBackAsync(string how, string old, string backup)
    {
        switch (how)
        {
            case "a backup is restored":
                await store.Backups.RestoreAsync(backup, Cancel);
                break;
            case "the old file is copied over it":
                world.Disk.Put(FakeStoreWorld.Path, Encoding.UTF8.GetBytes(old));
                break;
            case "an old buffer is saved with a change":
                world.Disk.Put(FakeStoreWorld.Path, Encoding.UTF8.GetBytes(old.Replace("Grüße", "Hand-made", StringComparison.Ordinal)));
                break;
            case "the file is deleted and a backup is restored":
                world.Disk.Remove(FakeStoreWorld.Path);
                world.Time.Advance(TimeSpan.FromSeconds(10));
                await store.Backups.RestoreAsync(backup, Cancel);
                break;
            default:
                world.Disk.Put(FakeStoreWorld.Path, Encoding.UTF8.GetBytes(old[..(old.Length / 2)]));
                world.Time.Advance(TimeSpan.FromSeconds(10));
                break;
        }

        await store.AddAsync([Given.Email(world.Time)], Cancel);
    }

    private async Task FailAsync()
    {
        await using var worker = await store.EnterAsync(Cancel);
        var claim = (await store.ClaimDueAsync(worker.Id, new([(Given.Account, 1)]), Cancel)).ShouldHaveSingleItem();
        var outcome = DeliveryOutcome.OfFault(BadLogin, ["grace@example.net"]);
        var row = Lifecycle.After(claim.Email, outcome, new(), world.Time.GetUtcNow(), new Random(1));
        await store.RecordAsync(claim, new(row, null) { Account = new(AccountFinding.Of(outcome), new()) }, Cancel);
    }

    private async Task<Circuit> CircuitAsync(FileEmailStore? from = null) => (await StandingAsync(from ?? store)).Facts.Circuit;

    private static async Task<AccountStanding> StandingAsync(FileEmailStore from) => (await from.AccountsAsync([Given.Account], Cancel)).Single();

    private string Text() => Encoding.UTF8.GetString(world.Disk.Contents(FakeStoreWorld.Path)!);
}
