using Nightmail.Core.Delivery;
using Nightmail.Core.Storage;
using Nightmail.Mail.Transports;
using Nightmail.Testing;
using Nightmail.Tests.Mail.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Transports;

public sealed class FolderTransportTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("nightmail-folder-").FullName;
    private readonly ManualTime time = new();
    private readonly Envelope envelope = new("ada@a.test", ["bob@b.test", "eve@b.test"]);

    private string Folder => Path.Combine(root, "out");

    private IEnumerable<string> Files => Directory.GetFileSystemEntries(Folder).Select(path => Path.GetFileName(path)!);

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public async Task A_message_becomes_one_file_with_its_bytes()
    {
        var outcome = await DeliverAsync(() =>
        {
            Files.ShouldHaveSingleItem().ShouldStartWith(".");
            return true;
        });

        var file = Files.ShouldHaveSingleItem();
        file.ShouldStartWith("20261201T080000.000Z-");
        file.ShouldEndWith(".eml");
        File.ReadAllText(Path.Combine(Folder, file)).ShouldBe("a\r\n.\r\n");
        outcome.Verdicts().ShouldBe([Verdict.Delivered, Verdict.Delivered]);
        (outcome.Begun, outcome.Fault).ShouldBe((true, null));
        outcome.FinalReply!.ToString().ShouldBe($"written to {Path.Combine(Folder, file)}");
        if (!OperatingSystem.IsWindows()) File.GetUnixFileMode(Path.Combine(Folder, file)).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task Names_are_unique_and_sort_by_time()
    {
        for (var i = 0; i < 20; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(i % 2));
            await DeliverAsync(() => true);
        }

        var files = Directory.GetFiles(Folder).Order(StringComparer.Ordinal).ToList();
        files.Count.ShouldBe(20);
        files.Select(file => Path.GetFileName(file)[..20]).ShouldBe(Enumerable.Range(0, 20).Select(i => $"20261201T080000.{(i + 1) / 2:000}Z"));
    }

    [Fact]
    public async Task Without_leave_nothing_stays()
    {
        var outcome = await DeliverAsync(() => false);

        outcome.Verdicts().ShouldBe([Verdict.Untried, Verdict.Untried]);
        (outcome.Begun, outcome.Fault).ShouldBe((false, null));
        Files.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_is_a_fault_of_the_configuration()
    {
        await File.WriteAllTextAsync(Folder, "in the way");

        var outcome = await DeliverAsync(() => throw new InvalidOperationException("begin was asked"));

        outcome.Verdicts().ShouldBe([Verdict.Untried, Verdict.Untried]);
        outcome.Fault!.Reason.ShouldBe(AccountFaultReason.Configuration);
        outcome.Fault.Words.ShouldStartWith($"cannot write to the folder {Folder}: ");
        outcome.Begun.ShouldBeFalse();
    }

    [Fact]
    public async Task A_folder_that_goes_away_after_begin_leaves_nothing_in_doubt_that_was_not_named()
    {
        var outcome = await DeliverAsync(() =>
        {
            // The name that the message is to get is taken by a folder: the rename fails, and the hidden file stands.
            var hidden = Files.Single();
            Directory.CreateDirectory(Path.Combine(Folder, hidden[1..^".part".Length]));
            return true;
        });

        outcome.Verdicts().ShouldBe([Verdict.Untried, Verdict.Untried]);
        outcome.Fault!.Reason.ShouldBe(AccountFaultReason.Configuration);
        outcome.Begun.ShouldBeTrue();
    }

    [Fact]
    public async Task A_message_that_cannot_be_read_is_tried_later()
    {
        await using var transport = new FolderTransport(Folder, time);
        var message = new TextMessage("a\r\n.\r\n") { Failure = new StoreException(StoreTrouble.Unreadable, "the blob is damaged") };

        var outcome = await transport.DeliverAsync(envelope, message, (_, _, _) => throw new InvalidOperationException(), CancellationToken.None);

        outcome.Verdicts().ShouldBe([Verdict.Deferred, Verdict.Deferred]);
        outcome.Recipients[0].Reply!.Text.ShouldBe("the message could not be read: the blob is damaged");
        Files.ShouldBeEmpty();
    }

    private async Task<DeliveryOutcome> DeliverAsync(Func<bool> begin)
    {
        await using var transport = new FolderTransport(Folder, time);
        return await transport.DeliverAsync(envelope, new TextMessage("a\r\n.\r\n"), (accepted, refused, _) =>
        {
            accepted.ShouldBe(envelope.Recipients);
            refused.ShouldBeEmpty();
            return ValueTask.FromResult(begin());
        }, CancellationToken.None);
    }
}
