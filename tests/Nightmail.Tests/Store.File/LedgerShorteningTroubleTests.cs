using System.Text;
using System.Text.Json;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Ledger;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>What the shortening of a ledger leaves alone: what it does not understand, what nothing readable replaces, and what others still count by.</summary>
public sealed class LedgerShorteningTroubleTests
{
    private const string Over = "\"kind\":\"over\"", Begin = "\"kind\":\"begin\"";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_line_that_a_newer_program_wrote_stays_and_stops_no_clean_up()
    {
        var scene = await LedgerScene.LiveAsync(segment: 2000);
        await scene.CleanUpAsync();
        var line = Teleported(EmailOf(Lines(scene).First(each => each.Contains(Over, StringComparison.Ordinal))));
        Append(scene, line);
        await scene.CleanUpAsync();
        Encoding.UTF8.GetString(scene.World.Disk.Contents(scene.Segments()[0])!).ShouldContain("teleported");
    }

    [Fact]
    public async Task An_email_with_a_line_that_a_newer_program_wrote_stays_in_the_queue_and_the_others_leave_it()
    {
        var scene = await LedgerScene.LiveAsync(segment: 2000);
        var email = EmailOf(Lines(scene)[0]);
        Append(scene, Teleported(email));
        (await scene.CleanUpAsync()).ShouldBe((LedgerScene.Rounds * 6) - 1);
        Encoding.UTF8.GetString(scene.World.Disk.Contents(FakeStoreWorld.Path)!).ShouldContain(email);
    }

    [Fact]
    public async Task Nothing_is_left_out_for_a_last_word_that_cannot_be_read_any_more()
    {
        var scene = await LedgerScene.LiveAsync(segment: 2000);
        scene.World.Disk.Trouble = call => call.Kind == DiskCallKind.CreateNew && call.Path.StartsWith(LedgerScene.Ledger, StringComparison.Ordinal) ? DiskFailure.NoSpace : null;
        await scene.CleanUpAsync();
        scene.World.Disk.Trouble = null;
        scene.LedgerBytes("left_out").ShouldBe(0);
        var expected = await scene.BringBackAsync(scene.Copies[^1]);
        await using var store = scene.Open();
        await store.ListAsync(new(), Cancel);
        foreach (var path in scene.Segments())
            scene.World.Disk.Overwrite(path, Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(scene.World.Disk.Contents(path)!).Replace(Over, Over.ToUpperInvariant(), StringComparison.Ordinal)));
        await store.CleanUpAsync(TimeSpan.FromDays(7), Cancel);
        (await scene.BringBackAsync(scene.Copies[^1])).ShouldBe(expected);
        (await scene.BringBackAsync(scene.Copies[0])).ShouldNotContain(": pending");
    }

    [Fact]
    public async Task A_clock_that_is_a_week_ahead_does_not_make_the_limits_of_accounts_forget_what_began_today()
    {
        var scene = await LedgerScene.LiveAsync(segment: 2000, goesOn: false);
        var begins = Lines(scene).Count(line => line.Contains(Begin, StringComparison.Ordinal));
        (await scene.CleanUpAsync()).ShouldBe(LedgerScene.Rounds * 6);
        Lines(scene).Count(line => line.Contains(Begin, StringComparison.Ordinal)).ShouldBe(begins);
    }

    [Fact]
    public async Task Nothing_is_left_out_while_the_folder_of_the_backups_is_not_there()
    {
        var scene = await LedgerScene.LiveAsync(segment: 2000);
        scene.Backups = "/mnt/backups";
        (await scene.CleanUpAsync()).ShouldBe(LedgerScene.Rounds * 6);
        scene.LedgerBytes("left_out").ShouldBe(0);
        scene.Backups = null;
        await scene.CleanUpAsync();
        scene.LedgerBytes("left_out").ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task A_gap_that_only_reading_on_has_is_closed_by_reading_anew()
    {
        var scene = await LedgerScene.LiveAsync(segment: long.MaxValue);
        await using var witness = scene.Open();
        var pending = await witness.ListAsync(new() { Statuses = [EmailStatus.Pending] }, Cancel);
        var before = scene.World.Disk.Contents(FakeStoreWorld.Path)!;
        await using var other = scene.Open();
        foreach (var email in pending.Take(2)) (await other.ChangeAsync(email.Id, new EmailChange.Cancel(), Cancel)).Done.ShouldBeTrue();
        // As if another file had got the number of the one that was read: it is longer, and its lines lie where others lay.
        var segment = scene.Segments()[0];
        var bytes = scene.World.Disk.Contents(segment)!;
        scene.World.Disk.Overwrite(segment, bytes[30..]);
        scene.World.RestoreRows(before);
        scene.World.Time.Advance(TimeSpan.FromSeconds(4));
        foreach (var email in pending.Take(2)) (await witness.FindAsync(email.Id, Cancel))!.Status.ShouldBe(EmailStatus.Cancelled);
    }

    private static List<string> Lines(LedgerScene scene) =>
        [.. scene.Segments().SelectMany(path => Encoding.UTF8.GetString(scene.World.Disk.Contents(path)!).Split('\n', StringSplitOptions.RemoveEmptyEntries))];

    private static string EmailOf(string line)
    {
        using var json = JsonDocument.Parse(line[9..]);
        return json.RootElement.GetProperty("email").GetString()!;
    }

    private static byte[] Teleported(string email) => CheckedLine.Write(Encoding.UTF8.GetBytes($"{{\"sequence\":1,\"email\":\"{email}\",\"kind\":\"teleported\",\"at\":1}}"));

    private static void Append(LedgerScene scene, byte[] line)
    {
        var first = scene.Segments()[0];
        scene.World.Disk.Put(first, [.. scene.World.Disk.Contents(first)!, .. line]);
    }
}
