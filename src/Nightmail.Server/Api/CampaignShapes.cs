using System.Text.Json;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Nightmail.Server.Campaigns;

namespace Nightmail.Server.Api;

/// <summary>Campaigns between the API's words and ours.</summary>
internal static class CampaignShapes
{
    private const int LongestName = 200;
    private const int LongestSubject = 2000;
    private const int MostCopies = 50;

    /// <summary>A new campaign.</summary>
    /// <exception cref="ApiProblem">422, naming the field.</exception>
    public static Campaign Draft(CampaignRequest request, CampaignId id, TimeProvider time) => Edited(
        new() { Id = id, Name = "", CreatedAt = time.GetUtcNow() }, request with { Name = request.Name ?? throw ApiProblem.Invalid("name", "it is missing") });

    /// <summary>The campaign with what the request changes.</summary>
    /// <exception cref="ApiProblem">422, naming the field.</exception>
    public static Campaign Edited(Campaign campaign, CampaignRequest request)
    {
        if (request.Name is { Length: 0 or > LongestName }) throw ApiProblem.Invalid("name", $"a name has 1 to {LongestName} characters");
        if (request.Subject is { Length: > LongestSubject }) throw ApiProblem.Invalid("subject", $"it is longer than {LongestSubject} characters");
        if (request.Subject is { } subject && subject.AsSpan().ContainsAny("\r\n\0")) throw ApiProblem.Invalid("subject", "it holds a line break or a NUL, which no header may");
        return campaign with
        {
            Name = request.Name ?? campaign.Name,
            Subject = request.Subject ?? campaign.Subject,
            Template = request.TemplateId is { } id ? (TemplateId.TryParse(id, out var template) ? template : throw ApiProblem.Invalid("templateId", $"'{Printable.OneLine(id)}' is no template's id")) : campaign.Template,
            Html = request.Html ?? campaign.Html,
            Text = request.Text ?? campaign.Text,
            Account = request.Account ?? campaign.Account,
            Cc = Copies("cc", request.Cc) ?? campaign.Cc,
            Bcc = Copies("bcc", request.Bcc) ?? campaign.Bcc,
        };
    }

    /// <summary>A campaign as the API shows it.</summary>
    public static CampaignAnswer Of(Campaign campaign, CampaignCounts counts, CampaignStatus status) => new(
        campaign.Id.ToString(), campaign.Name, status.Name(), campaign.Subject, campaign.Template?.ToString(), campaign.TemplateVersion, campaign.Html, campaign.Text, campaign.Account, campaign.Cc, campaign.Bcc,
        ApiTimes.Text(campaign.ScheduledFor), campaign.Wish is { } wish ? new(wish.Local, wish.TimeZone) : null, ApiTimes.Text(campaign.CreatedAt), ApiTimes.Text(campaign.StartedAt), ApiTimes.Text(campaign.CompletedAt), Counts(counts));

    /// <summary>Counts as the API shows them.</summary>
    public static CountsShape Counts(CampaignCounts counts) =>
        new(counts.Total, counts.Pending, counts.Sending, counts.Paused, counts.Sent, counts.Failed, counts.Cancelled, counts.InDoubt);

    /// <summary>A recipient as the API shows it.</summary>
    public static RecipientAnswer Recipient(ScheduledEmail email)
    {
        var mailbox = Mailbox.TryParse(email.Content.To[0], out var parsed, out _) ? parsed : new Mailbox("", email.Content.To[0], "");
        JsonElement? variables = email.Variables is { } text ? JsonSerializer.Deserialize(text, ApiJson.Default.JsonElement) : null;
        return new(email.Id.ToString(), mailbox.Address, mailbox.DisplayName.Length > 0 ? mailbox.DisplayName : null, variables, email.Status.Name(), email.Reason?.Name(), email.Attempts, email.LastError, ApiTimes.Text(email.SentAt));
    }

    private static IReadOnlyList<string>? Copies(string field, IReadOnlyList<string>? mailboxes)
    {
        if (mailboxes is null) return null;
        if (mailboxes.Count > MostCopies) throw ApiProblem.Invalid(field, $"there are {mailboxes.Count}, the most is {MostCopies}");
        return [.. mailboxes.Select((text, index) => RecipientReader.Address($"{field}[{index}]", text, null).ToString())];
    }
}
