using System.Text.Json;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Cli.Remote;

/// <summary>An account of a server and how it stands there, read back. What is secret in it never comes.</summary>
internal static class StandingReading
{
    /// <summary>The account's standing and what it has sent.</summary>
    public static AccountUse Read(JsonElement json)
    {
        var limits = json.Below("limits");
        var account = new Account
        {
            Name = json.TextOf("name") ?? "", From = json.TextOf("from") ?? "", MaySendAs = json.TextsOf("maySendAs"), StandsInAs = json.TextOf("standsInAs"), IsDefault = json.FlagOf("default"),
            IsEnabled = json.FlagOf("enabled"), Priority = (int)json.NumberOf("priority"), Weight = (int)json.NumberOf("weight"),
            Transport = new TransportSettings.Smtp { Host = json.TextOf("host") ?? "", Port = (int)json.NumberOf("port") },
            Limits = new()
            {
                Connections = (int)limits.NumberOf("connections"), PerMinute = limits.MaybeNumberOf("perMinute"), PerHour = limits.MaybeNumberOf("perHour"), PerDay = limits.MaybeNumberOf("perDay"),
                PerCampaign = limits.MaybeNumberOf("perCampaign"),
            },
        };
        var facts = new AccountFacts(Circuit(json.Below("circuit"), json.Below("slowness")), (int)json.NumberOf("sending"), (int)json.NumberOf("notBegun"), []);
        var obstacle = Enum.TryParse<AccountObstacle>(json.TextOf("obstacle"), out var known) ? known : AccountObstacle.None;
        var used = json.Below("used");
        return new(
            new(account, facts, (int)json.NumberOf("free"), obstacle, json.TimeOf("freeAt"), json.TextOf("limit")) { Connections = json.MaybeNumberOf("connections") ?? account.Limits.Connections },
            (int)used.NumberOf("lastMinute"), (int)used.NumberOf("lastHour"), (int)used.NumberOf("today"));
    }

    private static Circuit Circuit(JsonElement json, JsonElement slowness) => new()
    {
        Failures = (int)json.NumberOf("failures"),
        OpenedAt = json.TimeOf("openedAt"),
        OpenUntil = json.TimeOf("openUntil"),
        Fault = json.TextOf("error") is { } words ? new(Enum.TryParse<AccountFaultReason>(json.TextOf("reason"), out var reason) ? reason : AccountFaultReason.Network, words) : null,
        Slowness = slowness.TextOf("words") is { } asked ? new((int)slowness.NumberOf("halvings"), slowness.TimeOf("since") ?? default, asked) : null,
        Probe = EmailId.TryParse(json.TextOf("probeEmail") ?? "", out var email) ? new(email, new(""), 0, json.TimeOf("probeSince") ?? default, default) : null,
    };
}

/// <summary>An account's standing with what it has sent lately.</summary>
/// <param name="Standing">How it stands.</param>
/// <param name="LastMinute">Emails begun in the last minute.</param>
/// <param name="LastHour">Emails begun in the last hour.</param>
/// <param name="Today">Emails begun in its present day.</param>
internal sealed record AccountUse(AccountStanding Standing, int LastMinute, int LastHour, int Today)
{
    /// <summary>Counted from the begins that a store knows.</summary>
    public static AccountUse Of(AccountStanding standing, DateTimeOffset now)
    {
        var begins = standing.Facts.Begins;
        return new(standing, RateCap.CountAfter(begins, now.AddMinutes(-1)), RateCap.CountAfter(begins, now.AddHours(-1)), RateCap.Today(standing.Account, begins, now));
    }
}
