using System.Text;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>The ledger's lines: what is half written is passed over, and never spoils what comes after.</summary>
public sealed class SendLedgerTests
{
    private const string Ledger = "/home/ada/.config/himalaya/scheduled_emails.ledger";
    private const string Segment = Ledger + "/00000001.log";

    [Fact]
    public async Task A_line_after_a_half_written_one_counts()
    {
        var (world, email) = await ScheduledAsync();
        world.Disk.Trouble = call => call.Kind == DiskCallKind.Write && call.Path.StartsWith(Segment, StringComparison.Ordinal) ? DiskFailure.NoSpace : null;
        var store = world.OpenFile();
        await Should.ThrowAsync<StoreException>(async () => await store.ChangeAsync(email.Id, new EmailChange.Pause(), default));
        world.Disk.Trouble = null;
        world.Disk.Contents(Segment)!.Length.ShouldBeGreaterThan(0);
        var old = world.SaveRows();
        (await store.ChangeAsync(email.Id, new EmailChange.Cancel(), default)).Done.ShouldBeTrue();
        world.RestoreRows(old);
        (await world.Open().FindAsync(email.Id, default))!.Status.ShouldBe(EmailStatus.Cancelled);
    }

    [Theory]
    [InlineData("garbage\n")]
    [InlineData("00000000 {\"sequence\":1}\n")]
    [InlineData("\n\n")]
    [InlineData("12345678")]
    public async Task A_damaged_line_is_passed_over(string garbage)
    {
        var (world, email) = await ScheduledAsync();
        await world.Open().ChangeAsync(email.Id, new EmailChange.Pause(), default);
        world.Disk.Put(Segment, [.. world.Disk.Contents(Segment)!, .. Encoding.UTF8.GetBytes(garbage)]);
        var old = world.SaveRows();
        (await world.Open().ChangeAsync(email.Id, new EmailChange.Cancel(), default)).Done.ShouldBeTrue();
        world.RestoreRows(old);
        (await world.Open().FindAsync(email.Id, default))!.Status.ShouldBe(EmailStatus.Cancelled);
    }

    [Fact]
    public async Task Every_flipped_bit_of_a_line_is_noticed()
    {
        var (world, email) = await ScheduledAsync();
        await world.Open().ChangeAsync(email.Id, new EmailChange.Reschedule(email.ScheduledFor.AddDays(1), new("2026-12-02T09:00:00", "UTC", "2026f")), default);
        var good = world.Disk.Contents(Segment)!;
        world.RestoreRows(await RowsOfAsync(email));
        for (var bit = 0; bit < (good.Length - 1) * 8; bit++)
        {
            var bad = good.ToArray();
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            // The case of a hex digit changes nothing that it says.
            if (char.ToLowerInvariant((char)bad[bit / 8]) == (char)good[bit / 8] && bit / 8 < 8) continue;
            world.Disk.Put(Segment, bad);
            (await world.Open().FindAsync(email.Id, default))!.ScheduledFor.ShouldBe(email.ScheduledFor, $"bit {bit}");
        }
    }

    [Fact]
    public async Task Sequences_that_rows_know_are_not_given_again_when_the_ledger_was_lost()
    {
        var (world, email) = await ScheduledAsync();
        await world.Open().ChangeAsync(email.Id, new EmailChange.Pause(), default);
        var resumed = (await world.Open().ChangeAsync(email.Id, new EmailChange.Resume(), default)).Email!;
        world.Disk.Start().Delete(Segment);
        var old = world.SaveRows();
        (await world.Open().ChangeAsync(email.Id, new EmailChange.Cancel(), default)).Email!.LedgerLast.ShouldBeGreaterThan(resumed.LedgerLast);
        world.RestoreRows(old);
        (await world.Open().FindAsync(email.Id, default))!.Status.ShouldBe(EmailStatus.Cancelled);
    }

    [Fact]
    public async Task A_line_that_a_newer_program_wrote_stops_only_its_email()
    {
        var (world, email) = await ScheduledAsync();
        var other = (await world.Open().AddAsync([Given.Email(world.Time)], default)).OfType<AddResult.Added>().Single().Email;
        await world.Open().ChangeAsync(other.Id, new EmailChange.Pause(), default);
        var line = Nightmail.Store.File.Ledger.CheckedLine.Write(Encoding.UTF8.GetBytes($"{{\"sequence\":9,\"email\":\"{email.Id}\",\"kind\":\"teleported\",\"at\":1}}"));
        world.Disk.Put(Segment, [.. world.Disk.Contents(Segment)!, .. line]);
        (await Should.ThrowAsync<StoreException>(async () => await world.Open().FindAsync(email.Id, default))).Message.ShouldContain("update nightmail");
        (await world.Open().FindAsync(other.Id, default))!.Status.ShouldBe(EmailStatus.Paused);
    }

    private static async Task<(FakeStoreWorld World, ScheduledEmail Email)> ScheduledAsync()
    {
        var world = new FakeStoreWorld();
        var email = (await world.Open().AddAsync([Given.Email(world.Time, TimeSpan.FromHours(1))], default)).OfType<AddResult.Added>().Single().Email;
        return (world, email);
    }

    private static async Task<byte[]> RowsOfAsync(ScheduledEmail email)
    {
        var world = new FakeStoreWorld();
        await world.Open().AddAsync([email], default);
        return (byte[])world.SaveRows();
    }
}
