using Nightmail.Core.Scheduling;
using Nightmail.Testing;
using NodaTime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Scheduling;

public sealed class WhenParserTests
{
    /// <summary>A Sunday, 09:15:30 in Berlin.</summary>
    private const string Sunday = "2026-11-22T08:15:30Z";

    /// <summary>Monday 07:00 in Berlin.</summary>
    private const string MondayEarly = "2026-11-23T06:00:00Z";

    /// <summary>Monday 08:30 in Berlin.</summary>
    private const string MondayLater = "2026-11-23T07:30:00Z";

    [Theory]
    // Delays: real time from now.
    [InlineData("in 10m", "2026-11-22T08:25:30Z", null)]
    [InlineData("10m", "2026-11-22T08:25:30Z", null)]
    [InlineData("2 hours", "2026-11-22T10:15:30Z", null)]
    [InlineData("1h30m", "2026-11-22T09:45:30Z", null)]
    [InlineData("1 hour 30 minutes", "2026-11-22T09:45:30Z", null)]
    [InlineData("in 1h 30m", "2026-11-22T09:45:30Z", null)]
    [InlineData("in an hour", "2026-11-22T09:15:30Z", null)]
    [InlineData("1.5h", "2026-11-22T09:45:30Z", null)]
    [InlineData("+90s", "2026-11-22T08:17:00Z", null)]
    [InlineData("In 2 Weeks", "2026-12-06T08:15:30Z", null)]
    [InlineData("3d", "2026-11-25T08:15:30Z", null)]
    [InlineData("in 10m America/New_York", "2026-11-22T08:25:30Z", null)]
    [InlineData("0m", "2026-11-22T08:15:30Z", null)]
    [InlineData("now", "2026-11-22T08:15:30Z", null)]
    // A time alone: today's, or tomorrow's when it has passed.
    [InlineData("17:30", "2026-11-22T16:30:00Z", "2026-11-22T17:30:00")]
    [InlineData("5pm", "2026-11-22T16:00:00Z", "2026-11-22T17:00:00")]
    [InlineData("5 PM", "2026-11-22T16:00:00Z", "2026-11-22T17:00:00")]
    [InlineData("at 17:30:15", "2026-11-22T16:30:15Z", "2026-11-22T17:30:15")]
    [InlineData("9:14", "2026-11-23T08:14:00Z", "2026-11-23T09:14:00")]
    [InlineData("9:15", "2026-11-22T08:15:00Z", "2026-11-22T09:15:00")]
    [InlineData("9:15:29", "2026-11-23T08:15:29Z", "2026-11-23T09:15:29")]
    [InlineData("9:16", "2026-11-22T08:16:00Z", "2026-11-22T09:16:00")]
    [InlineData("12am", "2026-11-22T23:00:00Z", "2026-11-23T00:00:00")]
    [InlineData("12pm", "2026-11-22T11:00:00Z", "2026-11-22T12:00:00")]
    [InlineData("noon", "2026-11-22T11:00:00Z", "2026-11-22T12:00:00")]
    [InlineData("17:30 America/New_York", "2026-11-22T22:30:00Z", "2026-11-22T17:30:00")]
    [InlineData("8:00 UTC", "2026-11-23T08:00:00Z", "2026-11-23T08:00:00")]
    // A day alone is 09:00.
    [InlineData("today 17:30", "2026-11-22T16:30:00Z", "2026-11-22T17:30:00")]
    [InlineData("tomorrow", "2026-11-23T08:00:00Z", "2026-11-23T09:00:00")]
    [InlineData("tomorrow 9am", "2026-11-23T08:00:00Z", "2026-11-23T09:00:00")]
    [InlineData("tomorrow 9:30am", "2026-11-23T08:30:00Z", "2026-11-23T09:30:00")]
    [InlineData("  Tomorrow,  at 9:30 a.m. ", "2026-11-23T08:30:00Z", "2026-11-23T09:30:00")]
    [InlineData("9am tomorrow", "2026-11-23T08:00:00Z", "2026-11-23T09:00:00")]
    [InlineData("tomorrow 9am asia/kathmandu", "2026-11-23T03:15:00Z", "2026-11-23T09:00:00")]
    [InlineData("mon 8:00", "2026-11-23T07:00:00Z", "2026-11-23T08:00:00")]
    [InlineData("on monday at 8:00", "2026-11-23T07:00:00Z", "2026-11-23T08:00:00")]
    [InlineData("next monday 10am", "2026-11-23T09:00:00Z", "2026-11-23T10:00:00")]
    [InlineData("wed", "2026-11-25T08:00:00Z", "2026-11-25T09:00:00")]
    [InlineData("sun", "2026-11-29T08:00:00Z", "2026-11-29T09:00:00")]
    [InlineData("sun 10:00", "2026-11-22T09:00:00Z", "2026-11-22T10:00:00")]
    [InlineData("next sunday 10:00", "2026-11-29T09:00:00Z", "2026-11-29T10:00:00")]
    // Dates.
    [InlineData("2026-12-24", "2026-12-24T08:00:00Z", "2026-12-24T09:00:00")]
    [InlineData("2026-12-24 18:00", "2026-12-24T17:00:00Z", "2026-12-24T18:00:00")]
    [InlineData("2026-12-24T18:00", "2026-12-24T17:00:00Z", "2026-12-24T18:00:00")]
    [InlineData("2026-12-24 6pm America/New_York", "2026-12-24T23:00:00Z", "2026-12-24T18:00:00")]
    [InlineData("2028-02-29", "2028-02-29T08:00:00Z", "2028-02-29T09:00:00")]
    // RFC 3339 and Unix time: instants.
    [InlineData("2026-12-24T18:00:00Z", "2026-12-24T18:00:00Z", null)]
    [InlineData("2026-12-24t18:00:00z", "2026-12-24T18:00:00Z", null)]
    [InlineData("2026-12-24T18:00:00+05:45", "2026-12-24T12:15:00Z", null)]
    [InlineData("2026-12-24 18:00:00.250-03:30", "2026-12-24T21:30:00.250Z", null)]
    [InlineData("2026-12-24T18:00:00.2500001+01:00", "2026-12-24T17:00:00.251Z", null)]
    [InlineData("2026-12-24 18:00 +0100", "2026-12-24T17:00:00Z", null)]
    [InlineData("2026-12-24T18:00:00Z Asia/Tokyo", "2026-12-24T18:00:00Z", null)]
    [InlineData("@1795330004", "2026-11-22T06:46:44Z", null, true)]
    [InlineData("@1795340004", "2026-11-22T09:33:24Z", null)]
    public void Every_form_is_read(string words, string instant, string? local, bool allowPast = false)
    {
        var understood = Parse(words, Sunday, "Europe/Berlin", allowPast).ShouldBeOfType<WhenResult.Understood>();
        understood.Instant.ShouldBe(At(instant));
        understood.Instant.Offset.ShouldBe(TimeSpan.Zero);
        understood.Wish?.Local.ShouldBe(local);
        (understood.Wish is null).ShouldBe(local is null);
    }

    [Theory]
    [InlineData(MondayEarly, "mon 8:00", "2026-11-23T07:00:00Z")]
    [InlineData(MondayLater, "mon 8:00", "2026-11-30T07:00:00Z")]
    [InlineData(MondayLater, "mon 8:30", "2026-11-23T07:30:00Z")]
    [InlineData(MondayEarly, "mon", "2026-11-23T08:00:00Z")]
    [InlineData(MondayEarly, "next monday", "2026-11-30T08:00:00Z")]
    [InlineData(MondayEarly, "next tue", "2026-11-24T08:00:00Z")]
    [InlineData(MondayEarly, "today", "2026-11-23T08:00:00Z")]
    public void A_day_of_the_week_is_the_coming_one_and_after_next_never_today(string now, string words, string instant) =>
        Parse(words, now, "Europe/Berlin").ShouldBeOfType<WhenResult.Understood>().Instant.ShouldBe(At(instant));

    [Fact]
    public void A_wish_keeps_zone_and_version_and_the_instant_it_gave()
    {
        var wish = Parse("tomorrow 9am EUROPE/berlin", Sunday, "Asia/Tokyo").ShouldBeOfType<WhenResult.Understood>().Wish.ShouldNotBeNull();
        wish.TimeZone.ShouldBe("Europe/Berlin");
        wish.RulesVersion.ShouldMatch("^20[0-9]{2}[a-z]$");
        wish.Gave.ShouldBe(At("2026-11-23T08:00:00Z"));
    }

    [Theory]
    [InlineData("2026-12-01 09:00", "2026-12-01 09:00 Europe/Berlin (in 9 days; 08:00Z)")]
    [InlineData("in 10m", "2026-11-22 09:25:30 Europe/Berlin (in 10 minutes; 08:25:30Z)")]
    [InlineData("1m", "2026-11-22 09:16:30 Europe/Berlin (in 1 minute; 08:16:30Z)")]
    [InlineData("24h", "2026-11-23 09:15:30 Europe/Berlin (in 24 hours; 08:15:30Z)")]
    [InlineData("now", "2026-11-22 09:15:30 Europe/Berlin (now; 08:15:30Z)")]
    [InlineData("tomorrow 0:30", "2026-11-23 00:30 Europe/Berlin (in 15 hours; 2026-11-22 23:30Z)")]
    [InlineData("tomorrow UTC", "2026-11-23 09:00 UTC (in 25 hours; 09:00Z)")]
    public void The_answer_repeats_what_was_understood(string words, string explanation) =>
        Parse(words, Sunday, "Europe/Berlin").ShouldBeOfType<WhenResult.Understood>().Explanation.ShouldBe(explanation);

    [Theory]
    [InlineData("2026-11-22 09:00", "2026-11-22 09:00 Europe/Berlin (16 minutes ago; 08:00Z) has passed")]
    [InlineData("today 8:00", "2026-11-22 08:00 Europe/Berlin (1 hour ago; 07:00Z) has passed")]
    [InlineData("@1", "1970-01-01 01:00:01 Europe/Berlin (20779 days ago; 00:00:01Z) has passed")]
    public void A_time_in_the_past_is_refused_with_the_time_and_the_way_to_insist(string words, string error)
    {
        var refused = Parse(words, Sunday, "Europe/Berlin").ShouldBeOfType<WhenResult.Refused>();
        refused.Error.ShouldStartWith(error);
        refused.Error.ShouldContain("--allow-past");
        Parse(words, Sunday, "Europe/Berlin", allowPast: true).ShouldBeOfType<WhenResult.Understood>();
    }

    [Fact]
    public void A_minute_in_the_past_is_still_taken_and_a_moment_more_is_not()
    {
        Parse("2026-11-22T08:14:30Z", Sunday, "UTC").ShouldBeOfType<WhenResult.Understood>();
        Parse("2026-11-22T08:14:29.999Z", Sunday, "UTC").ShouldBeOfType<WhenResult.Refused>();
    }

    [Fact]
    public void A_delay_is_rounded_up_to_a_whole_second() =>
        Parse("10s", "2026-11-22T08:15:30.001Z", "UTC").ShouldBeOfType<WhenResult.Understood>().Instant.ShouldBe(At("2026-11-22T08:15:41Z"));

    private static WhenResult Parse(string words, string now, string zone, bool allowPast = false) =>
        new WhenParser(DateTimeZoneProviders.Tzdb[zone], new ManualTime(At(now))).Parse(words, allowPast);

    private static DateTimeOffset At(string instant) => DateTimeOffset.Parse(instant);
}
