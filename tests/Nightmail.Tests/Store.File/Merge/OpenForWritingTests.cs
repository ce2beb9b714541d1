using System.Text;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File;
using Nightmail.Store.File.Disk;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File.Merge;

/// <summary>What the kernel tells of a file that somebody has open, and what becomes of a real editor's save through it.</summary>
public sealed class OpenForWritingTests : IAsyncDisposable
{
    private readonly FileStoreWorld world = new();
    private readonly FileEmailStore store;

    public OpenForWritingTests() => store = world.OpenFile(new() { Path = world.Path });

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public async Task A_file_counts_as_open_for_writing_while_anybody_has_it_so()
    {
        RealDisk.Instance.IsOpenForWriting(world.Path).ShouldBeFalse("there is none");
        await AddAsync();
        RealDisk.Instance.IsOpenForWriting(world.Path).ShouldBeFalse();
        using (new FileStream(world.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite)) RealDisk.Instance.IsOpenForWriting(world.Path).ShouldBeFalse("it is only read");
        using (new FileStream(world.Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) RealDisk.Instance.IsOpenForWriting(world.Path).ShouldBeTrue();
        RealDisk.Instance.IsOpenForWriting(world.Path).ShouldBeFalse();
    }

    [Fact]
    public async Task A_save_into_a_file_that_was_replaced_between_its_opening_and_its_writing_is_merged()
    {
        var email = await AddAsync();
        var text = (await System.IO.File.ReadAllTextAsync(world.Path, Cancel)).Replace("Grüße", "Neu", StringComparison.Ordinal);
        await using (var editor = new FileStream(world.Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            await AddAsync();
            editor.SetLength(0);
            await editor.WriteAsync(Encoding.UTF8.GetBytes(text), Cancel);
        }

        world.Time.Advance(TimeSpan.FromSeconds(1));
        await AddAsync();
        (await store.FindAsync(email.Id, Cancel))!.Content.Subject.ShouldBe("Neu");
        (await store.ListAsync(new(), Cancel)).Count.ShouldBe(3);
        Directory.GetFiles(Path.GetDirectoryName(world.Path)!, "*.tmp").ShouldBeEmpty();
        store.RecoveryReports().ShouldBeEmpty();
    }

    private async Task<ScheduledEmail> AddAsync() => (await store.AddAsync([Given.Email(world.Time, TimeSpan.FromHours(1))], Cancel)).OfType<AddResult.Added>().Single().Email;
}
