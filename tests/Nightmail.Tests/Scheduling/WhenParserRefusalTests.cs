using FsCheck;
using FsCheck.Fluent;
using Nightmail.Core.Scheduling;
using Nightmail.Testing;
using NodaTime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Scheduling;

public sealed class WhenParserRefusalTests
{
    private static readonly string[] Pieces =
    [
        "in", "now", "next", "mon", "monday", "today", "tomorrow", "at", "on", "noon", "10m", "1h30m", "2", "hours", "an", "17:30", "5pm", "am", "24:00", "2026-12-24", "2026-02-30",
        "2026-12-24T18:00:00+01:00", "+99:99", "z", "@1795330004", "@", "-", ":", "::", "Europe/Berlin", "UTC", "Nowhere/Town", "99999999999d", "١٢:٣٠", "\0", "\u202E", "\ud800", "9998-12-31", "1970-01-01", "0000-00-00", ",",
        "12:00:00.", "12:00:00.9999999999999999999", ".", "+", "1e9s", "0x10m", "T", "2026-12-24T", "79228162514264337593543950335w",
    ];

    [Theory]
    [InlineData("", "it is empty")]
    [InlineData("   ", "it is empty")]
    [InlineData("soon", "write for example")]
    [InlineData("tomorow 9am", "perhaps 'tomorrow 9am'?")]
    [InlineData("next mondya", "perhaps 'next monday'?")]
    [InlineData("in 10 minuets", "perhaps 'in 10 minutes'?")]
    [InlineData("10", "write '10m' or '10:00'")]
    [InlineData("1730", "has no unit")]
    [InlineData("tomorrow 9", "write '9:00' or '9am'")]
    [InlineData("13pm", "the hour is 1 to 12")]
    [InlineData("0am", "the hour is 1 to 12")]
    [InlineData("25:00", "there is no time '25:00'")]
    [InlineData("24:00", "0:00 of the next day")]
    [InlineData("12:60", "there is no time '12:60'")]
    [InlineData("midnight", "write '0:00'")]
    [InlineData("2026-02-30", "2026-02 has 28 days")]
    [InlineData("2026-13-01", "there is no month 13")]
    [InlineData("24.12.2026", "year-month-day")]
    [InlineData("12/24/2026", "year-month-day")]
    [InlineData("9999-12-31", "the year must be between")]
    [InlineData("in 99999999999d", "too far away")]
    [InlineData("in 99999999999999999999999999999999999d", "cannot read")]
    [InlineData("in 3000000d", "too far away")]
    [InlineData("in 2 months", "months and years differ")]
    [InlineData("1h1h", "names a unit twice")]
    [InlineData("-10m", "cannot be negative")]
    [InlineData("in -10m", "cannot be negative")]
    [InlineData("in", "cannot read")]
    [InlineData("next", "after 'next'")]
    [InlineData("next week", "after 'next'")]
    [InlineData("1h30", "something behind it")]
    [InlineData("@", "seconds since 1970")]
    [InlineData("@-5", "seconds since 1970")]
    [InlineData("@1795330004123", "perhaps '@1795330004'")]
    [InlineData("@99999999999999999999", "seconds since 1970")]
    [InlineData("17:30Z", "an offset needs a date")]
    [InlineData("tomorrow Europe/Berln", "perhaps Europe/Berlin?")]
    [InlineData("tomorrow Berlin", "perhaps Europe/Berlin?")]
    [InlineData("tomorrow 9am New York", "cannot read")]
    [InlineData("2026-12-24 18:00 CEST", "there is no time zone 'CEST'")]
    [InlineData("10m 17:30", "there is no time zone '17:30'")]
    public void What_cannot_be_read_is_refused_with_what_to_write(string words, string hint)
    {
        var refused = Parse(words, allowPast: true).ShouldBeOfType<WhenResult.Refused>();
        refused.Error.ShouldContain(hint);
        refused.Error.ShouldNotContain('\n');
    }

    [Fact]
    public void A_hostile_length_is_refused_in_one_short_line() =>
        Parse(new string('9', 1_000_000)).ShouldBeOfType<WhenResult.Refused>().Error.Length.ShouldBeLessThan(250);

    [Fact]
    public void What_an_error_quotes_cannot_move_the_cursor() =>
        Parse("to\u001b[2Jmorrow\u202e\r\n").ShouldBeOfType<WhenResult.Refused>().Error.Any(letter => char.IsControl(letter) || letter == '\u202e').ShouldBeFalse();

    [Fact]
    public void Any_text_gets_an_answer()
    {
        var text = Gen.OneOf(
            ArbMap.Default.GeneratorFor<string>().Select(words => words ?? ""),
            Gen.Elements(Pieces).ListOf().Select(pieces => string.Join(' ', pieces.Take(6))),
            Gen.Elements(Pieces).ListOf().Select(pieces => string.Concat(pieces.Take(4))));
        Prop.ForAll(text.ToArbitrary(), words => Parse(words, allowPast: true) is not null).QuickCheckThrowOnFailure();
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(5000), Prop.ForAll(text.ToArbitrary(), words => Parse(words) is not null));
    }

    [Fact]
    public void An_explanation_read_back_names_the_same_instant()
    {
        var ids = DateTimeZoneProviders.Tzdb.Ids.ToArray();
        var first = new DateTimeOffset(1972, 2, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds();
        var last = new DateTimeOffset(2090, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds();
        var cases = Gen.Choose((int)(first / 60), (int)(last / 60)).SelectMany(minute => Gen.Elements(ids).Select(id => (minute, id)));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(3000), Prop.ForAll(cases.ToArbitrary(), one => IsReadBack(one.minute * 60L, one.id)));
    }

    [Theory]
    [InlineData("Europe/Berlin", "2026-10-25T00:30:00Z")]
    [InlineData("Europe/Berlin", "2026-10-25T01:30:00Z")]
    [InlineData("Australia/Lord_Howe", "2026-04-04T14:45:00Z")]
    [InlineData("Australia/Lord_Howe", "2026-04-04T15:15:00Z")]
    [InlineData("America/New_York", "2026-11-01T06:30:00Z")]
    public void An_explanation_in_a_doubled_hour_is_read_back_too(string zone, string instant) =>
        IsReadBack(DateTimeOffset.Parse(instant).ToUnixTimeSeconds(), zone).ShouldBeTrue();

    private static bool IsReadBack(long second, string id)
    {
        var zone = DateTimeZoneProviders.Tzdb[id];
        var parser = new WhenParser(zone, new ManualTime());
        var understood = (WhenResult.Understood)parser.Parse($"@{second}", allowPast: true);
        var again = (WhenResult.Understood)parser.Parse(understood.Explanation[..understood.Explanation.IndexOf(" (", StringComparison.Ordinal)], allowPast: true);
        return again.Instant == understood.Instant;
    }

    private static WhenResult Parse(string words, bool allowPast = false) =>
        new WhenParser(DateTimeZoneProviders.Tzdb["Europe/Berlin"], new ManualTime()).Parse(words, allowPast);
}
