using FsCheck;
using FsCheck.Fluent;
using Nightmail.Mail.Mime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Mime;

public sealed class InternetDateTests
{
    [Fact]
    public void What_is_written_is_read_back() =>
        Prop.ForAll(Gen.Choose(-2_000_000_000, int.MaxValue).Zip(Gen.Choose(-56, 56)).ToArbitrary(), both =>
        {
            var date = DateTimeOffset.FromUnixTimeSeconds(both.Item1).ToOffset(TimeSpan.FromMinutes(15 * Math.Clamp(both.Item2, -52, 52)));
            InternetDate.TryParse(InternetDate.Format(date), out var read).ShouldBeTrue();
            read.ShouldBe(date);
            read.Offset.ShouldBe(date.Offset);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("Tue, 01 Dec 2026 09:00:00 +0100", "2026-12-01T09:00:00+01:00")]
    [InlineData("1 Dec 2026 09:00 -0330", "2026-12-01T09:00:00-03:30")]
    [InlineData("Tue,1 dec 26 09:00:00 EST (the old way)", "2026-12-01T09:00:00-05:00")]
    [InlineData("Fri, 1 Jan 99 00:00:60 GMT", "1999-01-01T00:00:59+00:00")]
    [InlineData("29 Feb 2028 00:00:00 Z", "2028-02-29T00:00:00+00:00")]
    [InlineData("1 Dec 2026 09:00:00", "2026-12-01T09:00:00+00:00")]
    public void Forms_in_use_are_read(string text, string expected)
    {
        InternetDate.TryParse(text, out var date).ShouldBeTrue();
        date.ShouldBe(DateTimeOffset.Parse(expected));
        date.Offset.ShouldBe(DateTimeOffset.Parse(expected).Offset);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Tue")]
    [InlineData("tomorrow at nine")]
    [InlineData("2026-12-01T09:00:00Z")]
    [InlineData("29 Feb 2027 00:00:00 +0000")]
    [InlineData("1 Dec 2026 24:00:00 +0000")]
    [InlineData("1 Dec 2026 09 +0000")]
    [InlineData("0 Dec 2026 09:00 +0000")]
    [InlineData("1 Dec 2026 09:00 +0000 more")]
    [InlineData("1 Jan 0001 00:00 +1300")]
    public void What_is_no_date_is_refused(string text) => InternetDate.TryParse(text, out _).ShouldBeFalse();
}
