using System.Globalization;
using System.Text;
using System.Text.Json;
using Nightmail.Cli.Remote;
using Nightmail.Core.Scheduling;

namespace Nightmail.Cli.Printing;

/// <summary>Shows campaigns as a server tells of them: to people in words, to programs as the server's own JSON.</summary>
internal sealed class CampaignPrinter(Session session)
{
    private const int NameColumns = 13;
    private const int IdColumns = 8;

    /// <summary>Prints a value that the server gave, as one line of JSON.</summary>
    public void Json(JsonElement value) => session.Print(JsonText.Line(value.WriteTo));

    /// <summary>All campaigns as a table.</summary>
    public void List(IReadOnlyList<JsonElement> campaigns)
    {
        var table = new TextTable("ID", "STATUS", "WHEN", "SENT", "FAILED", "NAME");
        foreach (var campaign in campaigns)
        {
            var counts = campaign.Below("counts");
            var when = campaign.TimeOf("scheduledFor") is { } at ? $"{TimeWords.Short(at, session.Zone, session.Now)} ({TimeWords.Relative(at - session.Now)})" : "-";
            table.Add((campaign.TextOf("id") ?? "")[^IdColumns..], campaign.TextOf("status") ?? "", when, $"{Number(counts, "sent")}/{Number(counts, "total")}", Number(counts, "failed"), campaign.TextOf("name") ?? "");
        }

        session.Print(table.ToText(session.Surroundings.Width));
    }

    /// <summary>Everything about one.</summary>
    public void Show(JsonElement campaign, JsonElement progress)
    {
        var text = new StringBuilder();
        Add("id", campaign.TextOf("id"));
        Add("name", campaign.TextOf("name"));
        Add("status", campaign.TextOf("status"));
        Add("when", campaign.TimeOf("scheduledFor") is { } at ? TimeWords.Explain(at, session.Zone, session.Now) : null);
        Add("subject", campaign.TextOf("subject"));
        Add("template", campaign.TextOf("templateId") is { } template ? $"{template}{(campaign.MaybeNumberOf("templateVersion") is { } version ? $", version {version}" : "")}" : null);
        Add("account", campaign.TextOf("account"));
        Add("cc", string.Join(", ", campaign.TextsOf("cc")));
        Add("bcc", string.Join(", ", campaign.TextsOf("bcc")));
        Add("created", campaign.TimeOf("createdAt") is { } created ? TimeWords.Local(created, session.Zone) : null);
        Add("recipients", Counts(progress));
        Add("ends", Pace(progress));
        session.Print(text.ToString());

        void Add(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value)) text.Append($"{name}:".PadRight(NameColumns)).Append(Printable.OneLine(value)).Append('\n');
        }
    }

    /// <summary>How far it is, in one line: what is not zero.</summary>
    public static string Counts(JsonElement progress)
    {
        var parts = new[] { ("sent", "sent"), ("sending", "being sent"), ("pending", "waiting"), ("paused", "paused"), ("failed", "failed"), ("cancelled", "cancelled"), ("inDoubt", "in doubt") }
            .Where(part => progress.NumberOf(part.Item1) > 0).Select(part => $"{Number(progress, part.Item1)} {part.Item2}");
        return $"{Number(progress, "total")}{(progress.NumberOf("total") > 0 ? $": {string.Join(", ", parts)}" : "")}";
    }

    /// <summary>How fast it goes and when it ends; null: nobody knows.</summary>
    public string? Pace(JsonElement progress)
    {
        var rate = progress.Below("ratePerSecond") is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : 0;
        return SecondOf(progress, "eta") is { } end ? string.Create(CultureInfo.InvariantCulture, $"{TimeWords.Short(end, session.Zone, session.Now)} ({TimeWords.Relative(end - session.Now)}, at {rate:0.#} a second)") : null;
    }

    /// <summary>A dry run.</summary>
    public void Plan(JsonElement plan)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Number(plan, "waiting")} wait");
        if (plan.NumberOf("suppressed") > 0) text.Append(CultureInfo.InvariantCulture, $", {Number(plan, "suppressed")} of them suppressed");
        if (plan.NumberOf("lackVariables") > 0) text.Append(CultureInfo.InvariantCulture, $", {Number(plan, "lackVariables")} lack variables");
        if (plan.NumberOf("leftOver") > 0) text.Append(CultureInfo.InvariantCulture, $", {Number(plan, "leftOver")} would be left over");
        text.Append('\n');
        if (SecondOf(plan, "startsAt") is { } start) text.Append("starts: ").Append(TimeWords.Explain(start, session.Zone, session.Now)).Append('\n');
        if (SecondOf(plan, "endsAt") is { } end) text.Append("ends:   ").Append(TimeWords.Explain(end, session.Zone, session.Now)).Append('\n');
        foreach (var lacking in plan.TextsOf("lacking")) text.Append("lacks:  ").Append(Printable.OneLine(lacking)).Append('\n');
        var table = new TextTable("ACCOUNT", "EMAILS", "FIRST", "LAST", "HELD UP BY");
        foreach (var account in plan.ItemsOf("accounts"))
        {
            string When(string name) => SecondOf(account, name) is { } at ? TimeWords.Short(at, session.Zone, session.Now) : "-";
            table.Add(account.TextOf("account") ?? "", Number(account, "emails"), When("firstAt"), When("lastAt"), account.TextOf("limit") ?? "");
        }

        session.Print(text.Append(table.ToText(session.Surroundings.Width)).ToString());
    }

    /// <summary>A moment that was computed and not wished for: nobody wants its milliseconds.</summary>
    private static DateTimeOffset? SecondOf(JsonElement json, string name) => json.TimeOf(name) is { } at ? DateTimeOffset.FromUnixTimeSeconds(at.ToUnixTimeSeconds()) : null;

    private static string Number(JsonElement json, string name) => json.NumberOf(name).ToString(CultureInfo.InvariantCulture);
}
