using Nightmail.Store.File.Salvage;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File.Salvage;

/// <summary>What is kept of the reports where there are too many of them.</summary>
public sealed class RecoveryReportFileTests
{
    private const int Most = 50;
    private readonly FakeDisk disk = new(new Random(1));
    private readonly RecoveryReportFile file;

    public RecoveryReportFileTests()
    {
        var session = disk.Start();
        session.CreateFolder("/q");
        file = new(session, "/q/queue.recovery.json");
    }

    [Fact]
    public void The_newest_notice_makes_room_and_what_is_graver_stays()
    {
        Add(RecoveryGravity.Notice, 0);
        Add(RecoveryGravity.Notice, 1);
        for (var number = 2; number < Most - 1; number++) Add(RecoveryGravity.Recovered, number);
        Add(RecoveryGravity.Incomplete, Most - 1);

        Add(RecoveryGravity.Recovered, 100);
        Summaries().ShouldBe([.. Numbers(0, 1), .. Numbers(2, Most), "100"]);
        Add(RecoveryGravity.Incomplete, 101);
        Summaries().ShouldBe([.. Numbers(2, Most), "100", "101"]);
        Add(RecoveryGravity.Notice, 102);
        Summaries().ShouldBe([.. Numbers(2, Most), "100", "101"], "a notice drives out nothing graver");
        Add(RecoveryGravity.Recovered, 103);
        Summaries().ShouldBe([.. Numbers(2, Most), "101", "103"]);
    }

    [Fact]
    public void What_may_be_missing_for_good_is_never_left_out()
    {
        for (var number = 0; number < Most + 3; number++) Add(RecoveryGravity.Incomplete, number);
        Add(RecoveryGravity.Recovered, 100);
        Summaries().ShouldBe(Numbers(0, Most + 3));
    }

    private static string[] Numbers(int from, int to) => [.. Enumerable.Range(from, to - from).Select(number => $"{number}")];

    private void Add(RecoveryGravity gravity, int number) => file.Add(new() { At = DateTimeOffset.UnixEpoch, Gravity = gravity, Summary = $"{number}" }, "me");

    private IEnumerable<string> Summaries() => file.Read().Select(report => report.Summary);
}
