using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Nightmail.Cli.Printing;
using Nightmail.Cli.Remote;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;

namespace Nightmail.Cli.Commands.Accounts;

/// <summary><c>account list</c>: every account and how it stands.</summary>
internal sealed class AccountListCommand() : Verb("list", "Shows the accounts: whether they take emails, and if not, why and until when.", "nightmail account list", "nightmail account list --json")
{
    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        session.NoteWarnings();
        var context = await session.WhyContextAsync(cancellationToken);
        var uses = await session.AccountsAsync(cancellationToken);
        if (session.Globals.Json)
        {
            session.Surroundings.Output.Write(JsonText.Line(json =>
            {
                json.WriteStartArray();
                foreach (var use in uses) Write(json, use, context);
                json.WriteEndArray();
            }));
            return ExitCodes.Done;
        }

        if (context.Standings.Count == 0) session.Note($"no accounts {(session.Server is { } server ? $"on the server at {server.Text}" : $"in {session.Settings.File ?? session.Settings.ExpectedFile}")}; {session.Command("account add")} makes one");
        else session.Surroundings.Output.Write(Table(context).ToText(session.Surroundings.Width));
        return ExitCodes.Done;
    }

    private static TextTable Table(WhyContext context)
    {
        var table = new TextTable("NAME", "FROM", "THROUGH", "SENDING", "STATE");
        foreach (var standing in context.Standings)
        {
            var account = standing.Account;
            var until = standing.FreeAt is { } at ? $"; next try {Why.At(at, context)}" : "";
            table.Add(
                account.IsDefault ? $"{account.Name} *" : account.Name,
                account.From,
                Way(account.Transport),
                string.Create(CultureInfo.InvariantCulture, $"{standing.Facts.OnTheWay}/{standing.Connections}"),
                $"{WhyAccounts.Obstacle(standing, context)}{until}");
        }

        return table;
    }

    private static void Write(Utf8JsonWriter json, AccountUse use, WhyContext context)
    {
        var standing = use.Standing;
        var (account, circuit) = (standing.Account, standing.Facts.Circuit);
        json.WriteStartObject();
        json.WriteString("name", account.Name);
        json.WriteString("from", account.From);
        json.WriteBoolean("default", account.IsDefault);
        json.WriteBoolean("enabled", account.IsEnabled);
        json.WriteNumber("priority", account.Priority);
        json.WriteNumber("weight", account.Weight);
        json.WriteString("transport", Way(account.Transport));
        json.WriteString("state", StateOf(standing));
        json.WriteString("words", WhyAccounts.Obstacle(standing, context));
        if (standing.FreeAt is { } at) json.WriteString("nextTry", JsonText.Time(at));
        json.WriteNumber("sending", standing.Facts.OnTheWay);
        WriteUse(json, use);
        if (standing is { IsSlowed: true, Facts.Circuit.Slowness: { } slow })
        {
            json.WriteStartObject("slowed");
            json.WriteNumber("connections", standing.Connections);
            json.WriteString("since", JsonText.Time(slow.Since));
            json.WriteString("until", JsonText.Time(slow.Until));
            json.WriteString("error", slow.Words);
            json.WriteEndObject();
        }

        json.WriteStartObject("circuit");
        json.WriteString("state", circuit.Probe is not null ? "half-open" : circuit.IsOpen ? "open" : "closed");
        json.WriteNumber("consecutiveFailures", circuit.Failures);
        if (circuit.OpenedAt is { } opened) json.WriteString("openedAt", JsonText.Time(opened));
        if (circuit.OpenUntil is { } until) json.WriteString("openUntil", JsonText.Time(until));
        if (circuit.Fault is { } fault)
        {
            json.WriteString("reason", fault.Reason.ToString().ToLowerInvariant());
            json.WriteString("error", fault.Words);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteUse(Utf8JsonWriter json, AccountUse use)
    {
        var limits = use.Standing.Account.Limits;
        json.WriteStartObject("limits");
        json.WriteNumber("connections", limits.Connections);
        if (limits.PerMinute is { } minute) json.WriteNumber("perMinute", minute);
        if (limits.PerHour is { } hour) json.WriteNumber("perHour", hour);
        if (limits.PerDay is { } day) json.WriteNumber("perDay", day);
        if (limits.PerCampaign is { } campaign) json.WriteNumber("perCampaign", campaign);
        if (limits.MessageSize is { } size) json.WriteNumber("messageSize", size);
        json.WriteEndObject();
        json.WriteStartObject("used");
        json.WriteNumber("lastMinute", use.LastMinute);
        json.WriteNumber("lastHour", use.LastHour);
        json.WriteNumber("today", use.Today);
        json.WriteEndObject();
    }

    private static string StateOf(AccountStanding standing) => standing.Obstacle switch
    {
        AccountObstacle.None => "ready",
        AccountObstacle.Disabled => "disabled",
        AccountObstacle.CircuitOpen => "open",
        AccountObstacle.Probing => "probing",
        AccountObstacle.LimitReached => "limited",
        AccountObstacle.Busy => "busy",
        _ => throw new ArgumentOutOfRangeException(nameof(standing), standing.Obstacle, null),
    };

    private static string Way(TransportSettings transport) => transport switch
    {
        TransportSettings.Smtp smtp => $"{smtp.Host}:{smtp.Port.ToString(CultureInfo.InvariantCulture)}",
        TransportSettings.Folder(var path) => path,
        TransportSettings.Command command => command.Words[0],
        _ => transport.GetType().Name,
    };
}
