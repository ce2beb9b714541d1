using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Exchange;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>Exports and imports on a disk that fails halfway.</summary>
public sealed class ExchangeTroubleTests : IAsyncDisposable
{
    private readonly FakeStoreWorld world = new();

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_attachment_that_fails_in_its_middle_ends_the_export_and_no_import_takes_what_was_written(bool fails)
    {
        var email = Given.Email(world.Time, TimeSpan.FromHours(1));
        email = email with { Content = email.Content with { Attachments = [new("a.bin", new(new string('a', 64), 1_000_000))] } };
        using var output = new MemoryStream();

        var error = await Should.ThrowAsync<StoreException>(async () => await ExportWriter.WriteAsync(new ImportedEmail[] { new(email) }.ToAsyncEnumerable(), new FailingBlobs(fails), output, world.Time.GetUtcNow(), default));

        error.Message.ShouldContain(fails ? "cannot be read any more: simulated" : "the file has become shorter");
        output.Position = 0;
        (await Should.ThrowAsync<ImportException>(async () => await EmailImport.CheckAsync(output, default))).Message.ShouldContain("cut off");
    }

    [Fact]
    public async Task An_import_that_the_disk_ends_reports_what_it_has_taken_and_goes_on_when_it_is_called_again()
    {
        var export = await ExportOfAsync(1001);
        var store = world.OpenFile();
        var swaps = 0;
        world.Disk.Trouble = call => call.Kind == DiskCallKind.CreateNew && ++swaps > 1 ? DiskFailure.NoSpace : null;
        var report = new ImportReport();

        await Should.ThrowAsync<StoreException>(async () => await EmailImport.RunAsync(export, store, store.Blobs, report, default));

        report.Imported.ShouldBe(1000);
        (await store.ListAsync(new(), default)).Count.ShouldBe(1000);
        world.Disk.Trouble = null;
        export.Position = 0;
        var rest = new ImportReport();
        await EmailImport.RunAsync(export, store, store.Blobs, rest, default);
        (rest.Imported, rest.Existing.Count).ShouldBe((1, 1000));
    }

    [Fact]
    public async Task Bytes_that_lie_here_damaged_are_as_good_as_lost()
    {
        var store = world.OpenFile();
        var blob = await store.Blobs.AddAsync(new MemoryStream("attached"u8.ToArray()), default);
        world.Disk.Put($"/home/ada/.config/himalaya/scheduled_emails.blobs/{blob.Sha256}", "damaged!"u8.ToArray());
        var email = Given.Email(world.Time, TimeSpan.FromHours(1));
        var export = await WrittenAsync([new(email with { Content = email.Content with { Eml = blob } })], store.Blobs);
        var report = new ImportReport();

        await EmailImport.RunAsync(export, store, store.Blobs, report, default);

        report.NotTaken.Single().Id.ShouldBe(email.Id);
        (await store.ListAsync(new(), default)).ShouldBeEmpty();
    }

    private Task<MemoryStream> ExportOfAsync(int count) =>
        WrittenAsync([.. Enumerable.Range(0, count).Select(_ => new ImportedEmail(Given.Email(world.Time, TimeSpan.FromHours(1))))], new FailingBlobs(true));

    private async Task<MemoryStream> WrittenAsync(IReadOnlyList<ImportedEmail> emails, IBlobStore blobs)
    {
        var export = new MemoryStream();
        await ExportWriter.WriteAsync(emails.ToAsyncEnumerable(), blobs, export, world.Time.GetUtcNow(), default);
        export.Position = 0;
        return export;
    }

    /// <summary>Bytes that were whole when they were opened, and of which the first part can be read.</summary>
    private sealed class FailingBlobs(bool fails) : IBlobStore
    {
        public ValueTask<BlobRef> AddAsync(Stream content, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Stream Open(BlobRef blob) => new Failing(fails);

        private sealed class Failing(bool fails) : MemoryStream(new byte[300_000])
        {
            public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
                fails && Position + buffer.Length > Length ? throw new IOException("simulated") : base.ReadAsync(buffer, cancellationToken);
        }
    }
}
