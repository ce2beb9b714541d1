using FsCheck;
using FsCheck.Fluent;
using Nightmail.Core.Maintenance;
using Nightmail.Core.Scheduling;
using NodaTime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Maintenance;

public sealed class CronExpressionTests
{
    [Theory]
    [InlineData("0 2 * * *", "2026-11-25 02:00", "2026-11-26 02:00", "2026-11-27 02:00")]
    [InlineData("*/15 9-10 * * *", "2026-11-25 09:00", "2026-11-25 09:15", "2026-11-25 09:30", "2026-11-25 09:45", "2026-11-25 10:00")]
    [InlineData("5/20 0 * * *", "2026-11-25 00:05", "2026-11-25 00:25", "2026-11-25 00:45", "2026-11-26 00:05")]
    [InlineData("10-30/10 0 * * *", "2026-11-25 00:10", "2026-11-25 00:20", "2026-11-25 00:30", "2026-11-26 00:10")]
    [InlineData("0 8 * * mon-fri", "2026-11-25 08:00", "2026-11-26 08:00", "2026-11-27 08:00", "2026-11-30 08:00")]
    [InlineData("0 8 * * 7", "2026-11-29 08:00", "2026-12-06 08:00")]
    [InlineData("0 8 * * 0", "2026-11-29 08:00", "2026-12-06 08:00")]
    [InlineData("0 8 * * 5-7", "2026-11-27 08:00", "2026-11-28 08:00", "2026-11-29 08:00", "2026-12-04 08:00")]
    [InlineData("0 0 1,15 * *", "2026-12-01 00:00", "2026-12-15 00:00", "2027-01-01 00:00")]
    [InlineData("0 0 13 * FRI", "2026-11-27 00:00", "2026-12-04 00:00", "2026-12-11 00:00", "2026-12-13 00:00")]
    [InlineData("0 0 */10 * FRI", "2026-12-11 00:00", "2027-01-01 00:00")]
    [InlineData("0 0 31 * *", "2026-12-31 00:00", "2027-01-31 00:00", "2027-03-31 00:00")]
    [InlineData("0 0 29 2 *", "2028-02-29 00:00", "2032-02-29 00:00")]
    [InlineData("30 6 * Jan,JUL *", "2027-01-01 06:30", "2027-01-02 06:30")]
    [InlineData("@hourly", "2026-11-25 00:00", "2026-11-25 01:00")]
    [InlineData("@DAILY", "2026-11-25 00:00", "2026-11-26 00:00")]
    [InlineData("@weekly", "2026-11-29 00:00", "2026-12-06 00:00")]
    [InlineData("@monthly", "2026-12-01 00:00", "2027-01-01 00:00")]
    [InlineData("@yearly", "2027-01-01 00:00", "2028-01-01 00:00")]
    [InlineData("  0   2  * *\t* ", "2026-11-25 02:00")]
    public void Slots_come_when_the_fields_say(string text, params string[] slots)
    {
        var start = new DateTimeOffset(2026, 11, 24, 23, 59, 59, TimeSpan.Zero);
        CronExpression.Parse(text).SlotsAfter(start, DateTimeZone.Utc).Take(slots.Length).Select(slot => slot.ToString("yyyy-MM-dd HH:mm")).ShouldBe(slots);
    }

    [Fact]
    public void The_slot_itself_is_not_after_itself()
    {
        var slot = new DateTimeOffset(2026, 11, 25, 2, 0, 0, TimeSpan.Zero);
        var daily = CronExpression.Parse("0 2 * * *");
        daily.NextAfter(slot, DateTimeZone.Utc).ShouldBe(slot.AddDays(1));
        daily.NextAfter(slot.AddTicks(-1), DateTimeZone.Utc).ShouldBe(slot);
    }

    [Fact]
    public void A_day_that_a_century_leaves_out_is_waited_for() =>
        CronExpression.Parse("0 0 29 2 *").NextAfter(new(2096, 3, 1, 0, 0, 0, TimeSpan.Zero), DateTimeZone.Utc).ShouldBe(new DateTimeOffset(2104, 2, 29, 0, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData("30 2 * * *", "2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z")]
    [InlineData("0,30 2 * * *", "2026-03-28T01:00Z", "2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:00Z")]
    [InlineData("30 2,3 * * *", "2026-03-28T01:30Z", "2026-03-28T02:30Z", "2026-03-29T01:00Z", "2026-03-29T01:30Z", "2026-03-30T00:30Z")]
    [InlineData("0 3 * * *", "2026-03-28T02:00Z", "2026-03-29T01:00Z", "2026-03-30T01:00Z")]
    [InlineData("30 * 29 3 *", "2026-03-28T23:30Z", "2026-03-29T00:30Z", "2026-03-29T01:30Z")]
    public void A_time_that_the_clocks_skip_comes_at_the_end_of_the_gap_and_a_rhythm_goes_on(string text, params string[] slots) =>
        SlotsInBerlin(text, new(2026, 3, 28, 0, 0, 0, TimeSpan.Zero), slots.Length).ShouldBe(slots);

    [Theory]
    [InlineData("30 2 * * *", "2026-10-24T00:30Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z")]
    [InlineData("30 2,3 * * *", "2026-10-24T00:30Z", "2026-10-24T01:30Z", "2026-10-25T00:30Z", "2026-10-25T02:30Z")]
    [InlineData("30 1-3 25 10 *", "2026-10-24T23:30Z", "2026-10-25T00:30Z", "2026-10-25T01:30Z", "2026-10-25T02:30Z")]
    [InlineData("0 * 25 10 *", "2026-10-24T22:00Z", "2026-10-24T23:00Z", "2026-10-25T00:00Z", "2026-10-25T01:00Z", "2026-10-25T02:00Z")]
    public void A_time_that_the_clocks_show_twice_comes_once_and_a_rhythm_goes_on(string text, params string[] slots) =>
        SlotsInBerlin(text, new(2026, 10, 24, 0, 0, 0, TimeSpan.Zero), slots.Length).ShouldBe(slots);

    [Fact]
    public void Asked_in_the_second_showing_of_an_hour_its_times_have_been() =>
        CronExpression.Parse("45 2 * * *").NextAfter(new(2026, 10, 25, 1, 10, 0, TimeSpan.Zero), Berlin()).ShouldBe(new DateTimeOffset(2026, 10, 26, 1, 45, 0, TimeSpan.Zero));

    [Theory]
    [InlineData("", "five fields")]
    [InlineData(null, "five fields")]
    [InlineData("0 2 * *", "five fields")]
    [InlineData("0 2 * * * *", "five fields")]
    [InlineData("60 * * * *", "the minute '60' is not a number from 0 to 59")]
    [InlineData("* 24 * * *", "the hour '24'")]
    [InlineData("* * 0 * *", "the day of the month '0' is not a number from 1 to 31")]
    [InlineData("* * * 13 *", "the month '13' is not a number from 1 to 12, or jan to dec")]
    [InlineData("* * * * 8", "or sun to sat")]
    [InlineData("* * * * fri-mon", "write it as two: 'fri-7,0-mon'")]
    [InlineData("*/0 * * * *", "a step from 1 to 60")]
    [InlineData("*/x * * * *", "a step")]
    [InlineData("1,,2 * * * *", "an empty place")]
    [InlineData("-5 * * * *", "the minute '-5'")]
    [InlineData("1-2-3 * * * *", "the minute '2-3'")]
    [InlineData("0 0 31 2 *", "never comes")]
    [InlineData("0 0 30,31 feb *", "never comes")]
    [InlineData("@reboot", "not one of @hourly")]
    [InlineData("0 0 L * *", "the day of the month 'L'")]
    public void What_cannot_be_read_says_what_to_write(string? text, string says)
    {
        CronExpression.TryParse(text, out _, out var error).ShouldBeFalse();
        error.ShouldNotBeNull().ShouldContain(says);
    }

    [Theory]
    [InlineData("0 2 * * *", "at 02:00 every day")]
    [InlineData("0 2,14 * * *", "at 02:00 and 14:00 every day")]
    [InlineData("* * * * *", "every minute")]
    [InlineData("*/15 * * * *", "every 15 minutes")]
    [InlineData("5 * * * *", "every hour at minute 5")]
    [InlineData("0 */6 * * *", "every 6 hours")]
    [InlineData("*/10 9-17 * * 1-5", "every 10 minutes in hour 9 to 17 on Monday to Friday")]
    [InlineData("30 8 1,15 * *", "at 08:30 on day 1 and 15 of the month")]
    [InlineData("0 0 13 * 5", "at 00:00 on day 13 of the month, and on Friday")]
    [InlineData("0 0 */10 * 5", "at 00:00 on day 1, 11, 21 and 31 of the month, only on Friday")]
    [InlineData("0 6 * 3-5 0,6", "at 06:00 on Sunday and Saturday in March to May")]
    [InlineData("@monthly", "at 00:00 on day 1 of the month")]
    public void It_is_said_in_words(string text, string words) => CronWords.Say(CronExpression.Parse(text)).ShouldBe(words);

    [Fact]
    public void Every_slot_fits_the_fields_and_none_between_is_left_out()
    {
        var values = Gen.Choose(0, 59).SelectMany(minute => Gen.Choose(0, 23), (minute, hour) => (minute, hour));
        var cases = values.SelectMany(time => Gen.Elements("*", "1-5", "*/2", "1,15", "31"), (time, day) => $"{time.minute} {time.hour} {day} * *")
            .Or(Gen.Choose(1, 29).Select(step => $"*/{step} * * * *"))
            .Or(Gen.Choose(1, 11).Select(step => $"7 */{step} * */3 1-5"));
        Prop.ForAll(cases.SelectMany(text => Gen.Choose(0, 500_000), (text, minutes) => (text, minutes)).ToArbitrary(), each =>
        {
            var cron = CronExpression.Parse(each.text);
            var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes(each.minutes);
            var slot = cron.NextAfter(start, DateTimeZone.Utc)!.Value;
            var looked = 0;
            // A slow reading of the fields, minute by minute, is the judge.
            for (var minute = start.AddMinutes(1); minute < slot && looked < 4_000; minute = minute.AddMinutes(1), looked++) Fits(cron, minute).ShouldBeFalse($"{each.text} left out {minute:O}");
            return slot > start && Fits(cron, slot);
        }).QuickCheckThrowOnFailure();
    }

    private static bool Fits(CronExpression cron, DateTimeOffset at)
    {
        var fields = cron.Text.Split(' ');
        bool In(string field, int value, int least, int most) => field.Split(',').Any(part =>
        {
            var (range, step) = part.Split('/') is [var left, var right] ? (left, int.Parse(right)) : (part, 1);
            var (first, last) = range == "*" ? (least, most) : range.Split('-') is [var low, var high] ? (int.Parse(low), int.Parse(high)) : (int.Parse(range), int.Parse(range));
            return value >= first && value <= last && (value - first) % step == 0;
        });
        return In(fields[0], at.Minute, 0, 59) && In(fields[1], at.Hour, 0, 23) && In(fields[2], at.Day, 1, 31) && In(fields[3], at.Month, 1, 12) && In(fields[4], (int)at.DayOfWeek, 0, 6);
    }

    private static List<string> SlotsInBerlin(string text, DateTimeOffset start, int count) =>
        [.. CronExpression.Parse(text).SlotsAfter(start, Berlin()).Take(count).Select(slot => slot.ToString("yyyy-MM-dd'T'HH:mm'Z'"))];

    private static DateTimeZone Berlin() => TimeZoneRules.Default.TryFind("Europe/Berlin", out var zone, out var error) ? zone : throw new InvalidOperationException(error);
}
