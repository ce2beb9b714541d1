namespace Nightmail.Core.Emails;

/// <summary>
/// The wall-clock time a person asked for, kept beside the instant so that a change of the zone's rules can resolve it again.
/// </summary>
/// <param name="Local">The local time, ISO 8601 without offset: <c>2026-12-01T09:00:00</c>.</param>
/// <param name="TimeZone">The IANA zone: <c>Europe/Berlin</c>.</param>
/// <param name="RulesVersion">The version of the zone rules that gave the instant: <c>2026f</c>.</param>
/// <param name="Gave">The instant that the wish gave under those rules. Where the email's time is another by now, somebody gave it a time by
/// other means, and the wish no longer moves it. Null when unknown; then it does not move it either.</param>
public sealed record Wish(string Local, string TimeZone, string RulesVersion, DateTimeOffset? Gave = null);
