using Nightmail.Core.Scheduling;
using Nightmail.Testing;
using NodaTime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Scheduling;

/// <summary>Wishes by zone and date where the clocks change.</summary>
public sealed class ClockChangeTests
{
    [Theory]
    // Berlin: 02:00 to 03:00 is skipped on 2026-03-29, comes twice on 2026-10-25.
    [InlineData("Europe/Berlin", "2026-03-29 01:59", "2026-03-29T00:59:00Z", null)]
    [InlineData("Europe/Berlin", "2026-03-29 02:00", "2026-03-29T01:00:00Z", "does not exist")]
    [InlineData("Europe/Berlin", "2026-03-29 02:30", "2026-03-29T01:00:00Z", "does not exist")]
    [InlineData("Europe/Berlin", "2026-03-29 03:00", "2026-03-29T01:00:00Z", null)]
    [InlineData("Europe/Berlin", "2026-10-25 01:59", "2026-10-24T23:59:00Z", null)]
    [InlineData("Europe/Berlin", "2026-10-25 02:00", "2026-10-25T00:00:00Z", "comes twice")]
    [InlineData("Europe/Berlin", "2026-10-25 02:59", "2026-10-25T00:59:00Z", "comes twice")]
    [InlineData("Europe/Berlin", "2026-10-25 03:00", "2026-10-25T02:00:00Z", null)]
    [InlineData("Europe/Berlin", "2026-10-25 02:30+01:00", "2026-10-25T01:30:00Z", null)]
    [InlineData("America/New_York", "2026-03-08 02:15", "2026-03-08T07:00:00Z", "does not exist")]
    [InlineData("America/New_York", "2026-11-01 01:30", "2026-11-01T05:30:00Z", "comes twice")]
    // Lord Howe shifts by half an hour.
    [InlineData("Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04T14:45:00Z", "comes twice")]
    [InlineData("Australia/Lord_Howe", "2026-04-05 02:00", "2026-04-04T15:30:00Z", null)]
    [InlineData("Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03T15:30:00Z", "does not exist")]
    [InlineData("Australia/Lord_Howe", "2026-10-04 02:30", "2026-10-03T15:30:00Z", null)]
    [InlineData("Asia/Kathmandu", "2026-06-01 09:00", "2026-06-01T03:15:00Z", null)]
    // Kathmandu set its clocks from +05:30 to +05:45 at the start of 1986.
    [InlineData("Asia/Kathmandu", "1986-01-01 00:10", "1985-12-31T18:30:00Z", "does not exist")]
    // Apia had no 30th of December 2011.
    [InlineData("Pacific/Apia", "2011-12-30 09:00", "2011-12-30T10:00:00Z", "does not exist")]
    [InlineData("Pacific/Apia", "2011-12-31", "2011-12-30T19:00:00Z", null)]
    // Sao Paulo's clocks went from 00:00 to 01:00, and back from 00:00 to 23:00.
    [InlineData("America/Sao_Paulo", "2018-11-04 00:00", "2018-11-04T03:00:00Z", "does not exist")]
    [InlineData("America/Sao_Paulo", "2018-11-04 00:30", "2018-11-04T03:00:00Z", "does not exist")]
    [InlineData("America/Sao_Paulo", "2019-02-16 23:30", "2019-02-17T01:30:00Z", "comes twice")]
    [InlineData("America/Sao_Paulo", "2026-11-01 00:30", "2026-11-01T03:30:00Z", null)]
    public void Skipped_is_the_first_instant_after_and_doubled_the_earlier(string zone, string words, string instant, string? note)
    {
        var understood = Parse(words, "1980-01-01T00:00:00Z", zone);
        understood.Instant.ShouldBe(DateTimeOffset.Parse(instant));
        if (note is null) understood.Note.ShouldBeNull();
        else understood.Note.ShouldNotBeNull().ShouldContain(note);
    }

    [Theory]
    [InlineData("tomorrow 9:00", "2026-03-29T07:00:00Z")]
    [InlineData("in 24h", "2026-03-29T08:00:00Z")]
    [InlineData("in 1d", "2026-03-29T08:00:00Z")]
    public void Tomorrow_is_a_wall_clock_and_a_delay_is_real_time(string words, string instant) =>
        Parse(words, "2026-03-28T08:00:00Z", "Europe/Berlin").Instant.ShouldBe(DateTimeOffset.Parse(instant));

    [Fact]
    public void A_delay_of_days_over_a_change_says_that_its_hours_are_real()
    {
        Parse("1d", "2026-03-28T08:00:00Z", "Europe/Berlin").Note.ShouldNotBeNull().ShouldContain("real hours");
        Parse("1d", "2026-04-28T08:00:00Z", "Europe/Berlin").Note.ShouldBeNull();
    }

    [Theory]
    // In the first of the two hours the later 02:30 is still to come, but a doubled time is the earlier, which has passed.
    [InlineData("Europe/Berlin", "2026-10-25T00:45:00Z", "2:30", "2026-10-26T01:30:00Z")]
    [InlineData("Europe/Berlin", "2026-10-25T00:15:00Z", "2:30", "2026-10-25T00:30:00Z")]
    [InlineData("Europe/Berlin", "2026-03-29T00:30:00Z", "2:30", "2026-03-29T01:00:00Z")]
    [InlineData("Europe/Berlin", "2026-03-29T01:10:00Z", "2:30", "2026-03-30T00:30:00Z")]
    [InlineData("Pacific/Apia", "2011-12-29T20:00:00Z", "tomorrow 9am", "2011-12-30T10:00:00Z")]
    [InlineData("America/New_York", "2026-11-01T03:30:00Z", "tomorrow", "2026-11-01T14:00:00Z")]
    public void Today_is_judged_in_the_zone(string zone, string now, string words, string instant) =>
        Parse(words, now, zone).Instant.ShouldBe(DateTimeOffset.Parse(instant));

    private static WhenResult.Understood Parse(string words, string now, string zone) =>
        new WhenParser(DateTimeZoneProviders.Tzdb[zone], new ManualTime(DateTimeOffset.Parse(now))).Parse(words).ShouldBeOfType<WhenResult.Understood>();
}
