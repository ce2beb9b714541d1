using Nightmail.Core.Maintenance;
using Nightmail.Core.Scheduling;
using Nightmail.Testing;
using NodaTime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Maintenance;

/// <summary>
/// Slots over ten years in every zone, beside those of npm's croner. It follows the same rules: a time that the clocks skip is the first
/// instant after the gap, one that they show twice is the earlier. Where the two differ nevertheless, the two libraries have to disagree
/// about the zone itself at that moment, because their copies of the zones are of different age: that alone explains a difference.
/// </summary>
public sealed class CronerTests
{
    private static readonly DateTimeOffset From = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Until = From.AddYears(10);

    /// <summary>Node processes that answer side by side.</summary>
    private const int Peers = 2;

    [Fact]
    public async Task Every_zone_has_the_slots_that_croner_gives_it_over_ten_years()
    {
        var zones = DateTimeZoneProviders.Tzdb.Ids.Select(id => DateTimeZoneProviders.Tzdb[id]).ToList();
        // Zones whose clocks agree all these years have the same slots: one of them is asked for every night, the others for every Sunday,
        // which is enough to see that croner's zones agree too.
        var firstOfTheirKind = zones.GroupBy(Clocks, StringComparer.Ordinal).Select(kind => kind.First().Id).ToHashSet(StringComparer.Ordinal);
        var questions = zones.Select(zone => (Cron: firstOfTheirKind.Contains(zone.Id) ? "30 2 * * *" : "30 2 * * 0", Zone: zone.Id)).ToList();

        var differences = await DifferencesAsync(questions, From, Until);

        firstOfTheirKind.Count.ShouldBeGreaterThan(60);
        zones.Count.ShouldBeGreaterThan(590);
        differences.ShouldBeEmpty(string.Join('\n', differences));
    }

    [Theory]
    [InlineData("0 * * * *")]
    [InlineData("*/20 1-3 * * *")]
    [InlineData("15,45 0-2 * * *")]
    [InlineData("0 0 * * *")]
    [InlineData("59 23 * * 5,6")]
    [InlineData("30 2 25-31 3,10 *")]
    public async Task Around_its_changes_of_the_clocks_a_zone_has_the_slots_that_croner_gives_it(string cron)
    {
        string[] zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Santiago", "Asia/Beirut", "Atlantic/Azores", "Pacific/Chatham", "America/Havana", "Antarctica/Troll", "UTC"];
        var differences = await DifferencesAsync([.. zones.Select(zone => (cron, zone))], From, From.AddYears(1));
        differences.ShouldBeEmpty(string.Join('\n', differences));
    }

    /// <summary>One line for each question whose slots differ.</summary>
    private static async Task<List<string>> DifferencesAsync(List<(string Cron, string Zone)> questions, DateTimeOffset from, DateTimeOffset until)
    {
        var parts = await Task.WhenAll(questions.Chunk((questions.Count + Peers - 1) / Peers).Select(some => Task.Run(() => AskAsync(some, from, until))));
        return [.. parts.SelectMany(part => part)];
    }

    private static async Task<List<string>> AskAsync(IReadOnlyList<(string Cron, string Zone)> questions, DateTimeOffset from, DateTimeOffset until)
    {
        await using var croner = new NodeCron();
        var differences = new List<string>();
        foreach (var (cron, id) in questions)
        {
            if (!TimeZoneRules.Default.TryFind(id, out var zone, out var error)) throw new InvalidOperationException(error);
            var theirs = await croner.SlotsAsync(cron, id, from, until);
            var ours = CronExpression.Parse(cron).SlotsAfter(from, zone).TakeWhile(slot => slot < until).Select(slot => slot.ToUnixTimeSeconds()).ToList();
            if (ours.Zip(ours.Skip(1)).Any(pair => pair.First >= pair.Second)) differences.Add($"{id} {cron}: a slot comes twice");
            if (theirs.SequenceEqual(ours)) continue;
            var words = $"{id} {cron}: only ours {Words([.. ours.Except(theirs)])}; only croner's {Words([.. theirs.Except(ours)])}";
            if (await HaveOtherClocksAsync(croner, zone, [.. ours.Except(theirs), .. theirs.Except(ours)])) TestContext.Current.TestOutputHelper?.WriteLine($"explained by other copies of the zones: {words}");
            else differences.Add(words);
        }

        return differences;
    }

    /// <summary>True when the two libraries disagree about the zone's clocks close to each of these moments: a slot moves by as much as they do.</summary>
    private static async Task<bool> HaveOtherClocksAsync(NodeCron croner, DateTimeZone zone, IReadOnlyList<long> at)
    {
        const int Close = 3 * 60 * 60;
        List<long> around = [.. at.SelectMany(second => new[] { second - Close, second, second + Close })];
        var theirs = await croner.OffsetsAsync(zone.Id, around);
        return around.Zip(theirs, (second, minutes) => zone.GetUtcOffset(Instant.FromUnixTimeSeconds(second)).Seconds != minutes * 60).Chunk(3).All(each => each.Contains(true));
    }

    private static string Words(List<long> slots) => $"{slots.Count}: " + string.Join(", ", slots.Take(4).Select(slot => DateTimeOffset.FromUnixTimeSeconds(slot).ToString("yyyy-MM-dd HH:mm'Z'", null)));

    /// <summary>How a zone's clocks go in these years.</summary>
    private static string Clocks(DateTimeZone zone) => string.Join(' ', zone.GetZoneIntervals(Instant.FromDateTimeOffset(From), Instant.FromDateTimeOffset(Until))
        .Select((interval, index) => $"{(index == 0 ? "" : interval.Start.ToString())} {interval.WallOffset}"));
}
