using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Testing;
using NodaTime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Scheduling;

public sealed class TimeZoneRulesTests
{
    private static readonly DateTimeOffset Nine = new(2026, 12, 1, 8, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("Europe/Berlin", "Europe/Berlin")]
    [InlineData("america/new_york", "America/New_York")]
    [InlineData("UTC", "UTC")]
    [InlineData("etc/utc", "UTC")]
    public void A_zone_is_found_whatever_its_letter_case(string name, string id)
    {
        TimeZoneRules.Default.TryFind(name, out var zone, out _).ShouldBeTrue();
        zone!.Id.ShouldBe(id);
    }

    [Theory]
    [InlineData("Berlin", "perhaps Europe/Berlin?")]
    [InlineData("New York", "perhaps America/New_York?")]
    [InlineData("Europe/Berln", "perhaps Europe/Berlin?")]
    [InlineData("Kathmando", "perhaps Asia/Kathmandu?")]
    [InlineData("CEST", "perhaps CET?")]
    [InlineData("Xyzzyplugh", "write an IANA name")]
    [InlineData("", "write an IANA name")]
    public void An_unknown_zone_names_similar_ones(string name, string hint)
    {
        TimeZoneRules.Default.TryFind(name, out _, out var error).ShouldBeFalse();
        error.ShouldNotBeNull().ShouldContain(hint);
    }

    [Fact]
    public void Newer_rules_move_a_waiting_email_whose_time_is_what_its_wish_gave()
    {
        var moved = Rules("2099a", 3).ResolveAgain(Waiting()).ShouldNotBeNull();
        moved.ScheduledFor.ShouldBe(Nine.AddHours(-2));
        moved.Wish.ShouldBe(new Wish("2026-12-01T09:00:00", "Europe/Berlin", "2099a", Nine.AddHours(-2)));
        Rules("2099a", 3).ResolveAgain(Waiting() with { Status = EmailStatus.Paused }).ShouldNotBeNull();
        Rules("2099a", 3).ResolveAgain(moved).ShouldBeNull();
    }

    [Fact]
    public void One_that_was_tried_is_moved_too_and_keeps_its_wait()
    {
        var tried = Waiting() with { Attempts = 1, NextAttempt = Nine.AddHours(1) };
        var moved = Rules("2099a", 3).ResolveAgain(tried).ShouldNotBeNull();
        (moved.ScheduledFor, moved.NextAttempt, moved.Due).ShouldBe((Nine.AddHours(-2), Nine.AddHours(1), Nine.AddHours(1)));
    }

    [Fact]
    public void Nothing_else_is_moved()
    {
        var newer = Rules("2099a", 3);
        newer.ResolveAgain(Waiting() with { Status = EmailStatus.Sending }).ShouldBeNull();
        newer.ResolveAgain(Waiting() with { Status = EmailStatus.Cancelled }).ShouldBeNull();
        newer.ResolveAgain(Waiting() with { Wish = null }).ShouldBeNull();
        newer.ResolveAgain(Waiting() with { ScheduledFor = Nine.AddHours(1) }).ShouldBeNull();
        newer.ResolveAgain(Waiting() with { Wish = Waiting().Wish! with { Gave = null } }).ShouldBeNull();
        newer.ResolveAgain(Waiting() with { Wish = Waiting().Wish! with { Local = "soon" } }).ShouldBeNull();
        Rules("2026f", 3).ResolveAgain(Waiting()).ShouldBeNull();
        Rules("2020a", 3).ResolveAgain(Waiting()).ShouldBeNull();
        Rules("2099a", 1).ResolveAgain(Waiting()).ShouldBeNull();
    }

    [Fact]
    public void A_wish_that_was_parsed_is_resolved_again_by_newer_rules()
    {
        var understood = (WhenResult.Understood)new WhenParser(DateTimeZoneProviders.Tzdb["Europe/Berlin"], new ManualTime()).Parse("2026-12-24 18:00:30");
        var email = Waiting() with { ScheduledFor = understood.Instant, Wish = understood.Wish };
        Rules("2099a", 5).ResolveAgain(email)!.ScheduledFor.ShouldBe(new(2026, 12, 24, 13, 0, 30, TimeSpan.Zero));
    }

    [Theory]
    [InlineData("Asia/Tokyo", "/usr/share/zoneinfo/Europe/Berlin", "America/New_York", "Asia/Tokyo")]
    [InlineData(":Asia/Tokyo", null, null, "Asia/Tokyo")]
    [InlineData(":/usr/share/zoneinfo/posix/Asia/Tokyo", null, null, "Asia/Tokyo")]
    [InlineData("", "/usr/share/zoneinfo/Europe/Berlin", null, "UTC")]
    [InlineData(null, "/usr/share/zoneinfo/Europe/Berlin", "America/New_York", "Europe/Berlin")]
    [InlineData(null, "../usr/share/zoneinfo/Etc/UTC", null, "UTC")]
    [InlineData(null, "/var/db/timezone/zoneinfo/Europe/Berlin", null, "Europe/Berlin")]
    [InlineData(null, "/somewhere/else", "America/New_York\n", "America/New_York")]
    [InlineData(null, null, "  ", "UTC")]
    [InlineData(null, null, null, "UTC")]
    public void The_machines_zone_comes_from_its_settings(string? variable, string? link, string? file, string id)
    {
        var found = MachineZone.Find(new(variable, link, file), TimeZoneRules.Default);
        found.Zone.Id.ShouldBe(id);
        found.Warning.ShouldBeNull();
    }

    [Fact]
    public void A_setting_that_cannot_be_read_is_told()
    {
        var found = MachineZone.Find(new("CET-1CEST,M3.5.0,M10.5.0", null, "Europe/Berlin"), TimeZoneRules.Default);
        found.Zone.ShouldBe(DateTimeZone.Utc);
        found.Warning.ShouldNotBeNull().ShouldStartWith("TZ: there is no time zone 'CET-1CEST");
    }

    private static TimeZoneRules Rules(string version, int hours) => new(() => new OneZone(DateTimeZone.ForOffset(Offset.FromHours(hours))), () => version);

    private static ScheduledEmail Waiting() => new()
    {
        Id = EmailId.New(new ManualTime()),
        Content = new() { To = ["ada@example.org"] },
        ScheduledFor = Nine,
        Wish = new("2026-12-01T09:00:00", "Europe/Berlin", "2026f", Nine),
        CreatedAt = Nine.AddDays(-1),
    };

    /// <summary>Rules in which every zone has moved to the same offset for good.</summary>
    private sealed class OneZone(DateTimeZone zone) : IDateTimeZoneProvider
    {
        public string VersionId => "test";

        public System.Collections.ObjectModel.ReadOnlyCollection<string> Ids => new([zone.Id]);

        public DateTimeZone this[string id] => zone;

        public DateTimeZone GetSystemDefault() => zone;

        public DateTimeZone? GetZoneOrNull(string id) => zone;
    }
}
