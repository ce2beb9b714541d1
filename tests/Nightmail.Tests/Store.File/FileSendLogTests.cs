using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File;
using Nightmail.Store.File.Disk;
using Nightmail.Testing;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

public sealed class FileSendLogTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("nightmail-sendlog-").FullName;
    private readonly ManualTime time = new(new(2026, 11, 22, 8, 0, 0, TimeSpan.Zero));

    private string LogFolder => Path.Combine(folder, "queue.log");

    [Fact]
    public async Task Rows_come_back_newest_first_with_everything_in_them()
    {
        var log = Log();
        var rows = Enumerable.Range(1, 3).Select(attempt => Row(attempt)).ToList();

        await log.AppendAsync(rows, CancellationToken.None);
        var found = await log.ListAsync(new(), 10, CancellationToken.None);

        found.Select(row => row with { Number = 0 }).ShouldBe(rows.AsEnumerable().Reverse());
        found.Select(row => row.Number).ShouldBeInOrder(SortDirection.Descending);
    }

    [Fact]
    public async Task Pages_and_filters_hold()
    {
        var log = Log();
        var rows = Enumerable.Range(1, 5).Select(attempt => Row(attempt)).ToList();
        await log.AppendAsync(rows, CancellationToken.None);

        var first = await log.ListAsync(new(), 2, CancellationToken.None);
        var rest = await log.ListAsync(new(Before: first[^1].Number), 10, CancellationToken.None);

        first.Concat(rest).Select(row => row.Attempt).ShouldBe([5, 4, 3, 2, 1]);
        (await log.ListAsync(new(Email: rows[1].Email), 10, CancellationToken.None)).ShouldHaveSingleItem().Attempt.ShouldBe(2);
        (await log.ListAsync(new(After: first[^1].Number), 10, CancellationToken.None)).ShouldHaveSingleItem().Attempt.ShouldBe(5);
        (await log.ListAsync(new(Account: "spare"), 10, CancellationToken.None)).ShouldBeEmpty();
        (await log.ListAsync(new(Outcome: EmailStatus.Sent), 10, CancellationToken.None)).Count.ShouldBe(5);
    }

    [Fact]
    public async Task It_never_grows_beyond_its_bound_and_keeps_the_newest()
    {
        var log = Log(fullBytes: 2_000);
        for (var attempt = 1; attempt <= 400; attempt++) await log.AppendAsync([Row(attempt)], CancellationToken.None);

        var found = await log.ListAsync(new(), int.MaxValue, CancellationToken.None);

        new DirectoryInfo(LogFolder).GetFiles().Length.ShouldBe(8);
        new DirectoryInfo(LogFolder).GetFiles().Sum(file => file.Length).ShouldBeLessThan(8 * 2_500);
        found.Select(row => row.Attempt).ShouldBe(Enumerable.Range(0, found.Count).Select(back => 400 - back));
        found.Count.ShouldBeGreaterThan(40);
    }

    [Fact]
    public async Task Many_writers_lose_none_of_each_others_rows()
    {
        var writers = Enumerable.Range(0, 8).Select(_ => Log()).ToList();

        await Task.WhenAll(writers.Select((log, writer) => Task.Run(async () =>
        {
            for (var row = 0; row < 100; row++) await log.AppendAsync([Row((writer * 1_000) + row + 1)], CancellationToken.None);
        })));

        (await Log().ListAsync(new(), int.MaxValue, CancellationToken.None)).Select(row => row.Attempt).Distinct().Count().ShouldBe(800);
    }

    [Fact]
    public async Task A_damaged_line_costs_no_other_and_one_that_is_being_written_waits()
    {
        var log = Log();
        await log.AppendAsync([Row(1), Row(2)], CancellationToken.None);
        var file = Directory.GetFiles(LogFolder).ShouldHaveSingleItem();
        await System.IO.File.AppendAllTextAsync(file, "{\"at\":5}\nnonsense\n\n");
        await log.AppendAsync([Row(3)], CancellationToken.None);
        await System.IO.File.AppendAllTextAsync(file, "{\"at\":\"2026-11-");

        (await log.ListAsync(new(), 10, CancellationToken.None)).Select(row => row.Attempt).ShouldBe([3, 2, 1]);
    }

    [Fact]
    public async Task Without_any_attempt_there_is_nothing_and_nothing_is_made()
    {
        (await Log().ListAsync(new(), 10, CancellationToken.None)).ShouldBeEmpty();

        Directory.Exists(LogFolder).ShouldBeFalse();
    }

    [Fact]
    public async Task Only_its_owner_can_read_it()
    {
        await Log().AppendAsync([Row(1)], CancellationToken.None);

        RealDisk.Instance.Stat(Directory.GetFiles(LogFolder)[0])?.Mode.ShouldBe(Convert.ToInt32("600", 8));
        RealDisk.Instance.Stat(LogFolder)?.Mode.ShouldBe(Convert.ToInt32("700", 8));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private FileSendLog Log(long fullBytes = 4 * 1024 * 1024) => new(RealDisk.Instance, LogFolder, fullBytes);

    private SendLogEntry Row(int attempt) => new()
    {
        At = time.GetUtcNow().AddMilliseconds(attempt),
        Email = EmailId.New(time),
        Attempt = attempt,
        Account = "work",
        Recipient = "bob@example.org",
        Outcome = EmailStatus.Sent,
        Words = "250 2.0.0 Ök queued as \"4F\"",
        Code = 250,
        Enhanced = "2.0.0",
        Took = TimeSpan.FromMilliseconds(12.5),
        Late = TimeSpan.FromMilliseconds(31),
    };
}
