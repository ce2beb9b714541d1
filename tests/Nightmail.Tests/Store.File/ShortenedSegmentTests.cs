using System.Text;
using System.Text.Json;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>A segment that was shortened is small again: that the ledger goes on behind it must not depend on one line of it.</summary>
public sealed class ShortenedSegmentTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_lies_behind_a_shortened_segment_is_read_also_when_the_line_that_says_so_is_damaged()
    {
        var scene = await ShortenedAsync();
        var copies = scene.Copies.Where((_, index) => index % 8 == 0).ToList();
        var expected = new List<string>();
        foreach (var copy in copies) expected.Add(await scene.BringBackAsync(copy));
        var segments = scene.Segments();
        foreach (var path in segments.SkipLast(1))
        {
            var bytes = scene.World.Disk.Contents(path)!;
            if (IndexOfSeal(bytes) is >= 0 and var at) scene.World.Disk.Put(path, [.. bytes[..at], (byte)'S', .. bytes[(at + 1)..]]);
        }

        for (var index = 0; index < copies.Count; index++) (await scene.BringBackAsync(copies[index])).ShouldBe(expected[index]);
        await scene.LacksNothingAsync("without seals");
        var before = segments.SkipLast(1).Select(path => scene.World.Disk.Contents(path)!.Length).ToList();
        await using var store = scene.Open();
        var pending = (await store.ListAsync(new() { Statuses = [EmailStatus.Pending] }, Cancel))[0];
        (await store.ChangeAsync(pending.Id, new EmailChange.Pause(), Cancel)).Done.ShouldBeTrue();
        segments.SkipLast(1).Select(path => scene.World.Disk.Contents(path)!.Length).ShouldBe(before);
    }

    [Fact]
    public async Task A_program_that_knows_nothing_of_shortening_does_not_understand_the_first_line_of_a_shortened_segment()
    {
        var scene = await ShortenedAsync();
        var shortened = scene.Segments().Select(path => Encoding.UTF8.GetString(scene.World.Disk.Contents(path)!)).Where(text => text.Contains("left_out", StringComparison.Ordinal)).ToList();
        shortened.ShouldNotBeEmpty();
        foreach (var text in shortened)
        {
            // Such a program refuses a ledger with an email that is none; a line without one it takes in as if nothing were wrong.
            using var first = JsonDocument.Parse(text.Split('\n')[0][9..]);
            Should.Throw<FormatException>(() => EmailId.Parse(first.RootElement.GetProperty("email").GetString()!));
        }
    }

    private static int IndexOfSeal(byte[] bytes) => Encoding.UTF8.GetString(bytes).IndexOf("sealed", StringComparison.Ordinal) is >= 0 and var at ? Encoding.UTF8.GetByteCount(Encoding.UTF8.GetString(bytes)[..at]) : -1;

    private static async Task<LedgerScene> ShortenedAsync()
    {
        var scene = await LedgerScene.LiveAsync(segment: 2000);
        await scene.CleanUpAsync();
        return scene;
    }
}
