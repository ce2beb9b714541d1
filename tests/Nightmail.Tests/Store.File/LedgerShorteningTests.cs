using Nightmail.Core.Emails;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>
/// A ledger from which a clean-up has left out what nobody has to know any more says of every old copy of the queue, however it comes back, what
/// the whole ledger says, also where the clean-up was cut off at any of its calls to the disk.
/// </summary>
public sealed class LedgerShorteningTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_old_copy_of_the_queue_is_brought_up_as_by_the_whole_ledger()
    {
        var (whole, shortened) = (await LedgerScene.LiveAsync(long.MaxValue), await LedgerScene.LiveAsync(segment: 2000));
        foreach (var scene in new[] { whole, shortened }) (await scene.CleanUpAsync()).ShouldBe(LedgerScene.Rounds * 6);
        shortened.LedgerBytes().ShouldBeLessThan(whole.LedgerBytes() * 2 / 3);
        shortened.LedgerBytes("left_out").ShouldBeGreaterThan(0);
        shortened.Copies.Count.ShouldBe(whole.Copies.Count);
        for (var index = 0; index < whole.Copies.Count; index++)
            (await shortened.BringBackAsync(shortened.Copies[index])).ShouldBe(await whole.BringBackAsync(whole.Copies[index]), $"copy {index}");
    }

    [Fact]
    public async Task A_clean_up_that_is_cut_off_anywhere_leaves_a_ledger_that_says_the_same_and_lacks_nothing()
    {
        var scene = await LedgerScene.LiveAsync(segment: 2000);
        var expected = await scene.Clone(1).BringBackAsync(scene.Copies[scene.Copies.Count / 2]);
        var before = scene.LedgerBytes();
        var isShorter = false;
        for (var (call, isOver) = (1L, false); !isOver; call++)
        {
            foreach (var losesPower in new[] { false, true })
            {
                var dying = scene.Clone((int)call);
                isOver = await dying.DieAsync(call);
                if (losesPower) dying.PowerLoss();
                isShorter |= dying.LedgerBytes() < before;
                await dying.LacksNothingAsync($"call {call}");
                (await dying.BringBackAsync(scene.Copies[scene.Copies.Count / 2])).ShouldBe(expected, $"call {call}, {losesPower}");
                (await dying.BringBackAsync(scene.Copies[0])).ShouldNotContain(": pending");
                await dying.CleanUpAsync();
                (await dying.BringBackAsync(scene.Copies[scene.Copies.Count / 2])).ShouldBe(expected, $"call {call}, {losesPower}, cleaned up again");
            }
        }

        isShorter.ShouldBeTrue();
    }

    [Fact]
    public async Task A_process_that_was_there_before_reads_on_and_a_backup_from_before_is_restored_without_holding_anything()
    {
        var scene = await LedgerScene.LiveAsync(segment: 2000);
        await using var witness = scene.Open();
        var seen = (await witness.ListAsync(new(), Cancel)).Count;
        var gone = await scene.CleanUpAsync();
        (await witness.ListAsync(new(), Cancel)).Count.ShouldBe(seen - gone);
        await witness.AddAsync([Given.Email(scene.World.Time, TimeSpan.FromHours(1))], Cancel);
        var restored = await witness.Backups.RestoreAsync((await witness.Backups.ListAsync(Cancel))[^1].Name, Cancel);
        (restored.LedgerBroken, restored.Held).ShouldBe((null, 0));
        (await witness.ListAsync(new() { Statuses = [EmailStatus.Pending] }, Cancel)).ShouldAllBe(email => email.Content.Subject == "Grüße" || email.Content.Subject.StartsWith("pending", StringComparison.Ordinal));
    }
}
