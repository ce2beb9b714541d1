using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Accounts;
using Nightmail.Core.Storage;
using Nightmail.Server.Accounts;

namespace Nightmail.Server.Api;

/// <summary><c>GET /api/standings</c>: every account that sends and how it stands: whether it takes emails, and if not, why and until when.</summary>
internal static class StandingsApi
{
    public static void MapStandings(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/standings", ListAsync).Needs(KeyScopes.Read).WithName("listStandings").WithTags("accounts").WithSummary("How each account stands: whether it takes emails, and if not, why and until when.");

    private static async Task<Ok<IReadOnlyList<StandingAnswer>>> ListAsync(IEmailStore store, AccountBook book, TimeProvider time, CancellationToken cancellationToken)
    {
        var standings = await store.AccountsAsync(await book.ReadyAsync(cancellationToken), cancellationToken);
        return TypedResults.Ok<IReadOnlyList<StandingAnswer>>([.. standings.Select(standing => Answer(standing, time.GetUtcNow()))]);
    }

    private static StandingAnswer Answer(AccountStanding standing, DateTimeOffset now)
    {
        var (account, facts, limits) = (standing.Account, standing.Facts, standing.Account.Limits);
        var server = (TransportSettings.Smtp)account.Transport;
        return new(
            account.Name, account.From, account.MaySendAs, account.StandsInAs, account.IsDefault, account.IsEnabled, account.Priority, account.Weight, server.Host, server.Port,
            new() { Connections = limits.Connections, PerMinute = limits.PerMinute, PerHour = limits.PerHour, PerDay = limits.PerDay, PerCampaign = limits.PerCampaign, RecipientsPerTransaction = limits.RecipientsPerTransaction, EmailsPerConnection = limits.EmailsPerConnection },
            standing.Obstacle.ToString(), standing.Free, ApiTimes.Text(standing.FreeAt), standing.Limit, facts.OnTheWay, facts.NotBegun,
            new(RateCap.CountAfter(facts.Begins, now.AddMinutes(-1)), RateCap.CountAfter(facts.Begins, now.AddHours(-1)), RateCap.Today(account, facts.Begins, now)),
            new(facts.Circuit.Failures, ApiTimes.Text(facts.Circuit.OpenedAt), ApiTimes.Text(facts.Circuit.OpenUntil), facts.Circuit.Fault?.Reason.ToString(), facts.Circuit.Fault?.Words,
                facts.Circuit.Probe?.Email.ToString(), ApiTimes.Text(facts.Circuit.Probe?.Since)),
            standing.Connections, facts.Circuit.Slowness is { } slow ? new(slow.Halvings, ApiTimes.Text(slow.Since), slow.Words) : null);
    }
}

/// <summary>An account and how it stands.</summary>
/// <param name="Name">Its name.</param>
/// <param name="From">The From mailbox of emails that name none.</param>
/// <param name="MaySendAs">Further addresses.</param>
/// <param name="StandsInAs">The From under which it stands in for the default account; null: it does not.</param>
/// <param name="Default">True for the account of emails that name neither account nor From.</param>
/// <param name="Enabled">False: it is out of service.</param>
/// <param name="Priority">The lowest is preferred.</param>
/// <param name="Weight">Its share among its like.</param>
/// <param name="Host">Its mail server.</param>
/// <param name="Port">The mail server's port.</param>
/// <param name="Limits">What it may do at once and over time.</param>
/// <param name="Obstacle">What keeps it from taking emails: <c>None</c>, <c>Disabled</c>, <c>CircuitOpen</c>, <c>Probing</c>, <c>LimitReached</c>, <c>Busy</c>.</param>
/// <param name="Free">How many it can take now.</param>
/// <param name="FreeAt">When it may take one again.</param>
/// <param name="Limit">The limit that leaves the least, in words.</param>
/// <param name="Sending">Its emails on their way.</param>
/// <param name="NotBegun">Those of them that have not begun.</param>
/// <param name="Used">What it has sent.</param>
/// <param name="Circuit">Its circuit.</param>
/// <param name="Connections">How many emails it may have on their way now: fewer than its limit while its server has asked for less.</param>
/// <param name="Slowness">What its server has asked for; null: nothing.</param>
public sealed record StandingAnswer(
    string Name, string From, IReadOnlyList<string> MaySendAs, string? StandsInAs, bool Default, bool Enabled, int Priority, int Weight, string Host, int Port, LimitsShape Limits,
    string Obstacle, int Free, string? FreeAt, string? Limit, int Sending, int NotBegun, StandingUse Used, StandingCircuit Circuit, int Connections, StandingSlowness? Slowness);

/// <summary>That an account's server has asked for less.</summary>
public sealed record StandingSlowness(int Halvings, string Since, string Words);

/// <summary>How many emails an account has begun.</summary>
public sealed record StandingUse(int LastMinute, int LastHour, int Today);

/// <summary>An account's circuit.</summary>
public sealed record StandingCircuit(int Failures, string? OpenedAt, string? OpenUntil, string? Reason, string? Error, string? ProbeEmail, string? ProbeSince);
