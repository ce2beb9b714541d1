using System.Collections.Concurrent;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Server.Campaigns;

/// <summary>Writes the message of a campaign's recipient from the campaign's template, and of any other email as it stands.</summary>
internal sealed class CampaignComposer(IMessageComposer inner, ICampaignStore campaigns, ITemplateStore templates, ITemplateRenderer renderer) : IMessageComposer
{
    /// <summary>Campaigns whose words are kept at hand; when more are under way, all are read anew.</summary>
    private const int MostAtHand = 1000;

    private readonly ConcurrentDictionary<CampaignId, TemplateWords> atHand = new();

    /// <inheritdoc/>
    public async ValueTask<IOutgoingMessage> ComposeAsync(ScheduledEmail email, MessageIdentity identity, CancellationToken cancellationToken)
    {
        if (email.Campaign is not { } id) return await inner.ComposeAsync(email, identity, cancellationToken);
        var words = await WordsAsync(id, cancellationToken);
        return await inner.ComposeAsync(email with { Content = Filled(email, words) }, identity, cancellationToken);
    }

    /// <summary>The words that a campaign's recipients get, before their variables are in them.</summary>
    /// <exception cref="MessageInvalidException">There are none.</exception>
    public async ValueTask<TemplateWords> WordsAsync(CampaignId id, CancellationToken cancellationToken)
    {
        if (atHand.TryGetValue(id, out var known)) return known;
        var campaign = await campaigns.FindAsync(id, cancellationToken) ?? throw new MessageInvalidException($"its campaign {id} is gone");
        var words = await CampaignWords.OfAsync(campaign, templates, cancellationToken) ?? throw new MessageInvalidException($"the template of {id} is gone");
        // Only what cannot change any more may be kept.
        if (campaign.Stance == CampaignStance.Draft) return words;
        if (atHand.Count >= MostAtHand) atHand.Clear();
        return atHand[id] = words;
    }

    private EmailContent Filled(ScheduledEmail email, TemplateWords words)
    {
        try
        {
            var rendered = renderer.Render(words, email.Variables);
            return email.Content with { Subject = rendered.Subject, Html = rendered.Html, Text = rendered.Text };
        }
        catch (TemplateException broken)
        {
            throw new MessageInvalidException(broken.Message, FailureReason.Render);
        }
    }
}

/// <summary>Where a campaign's words come from.</summary>
internal static class CampaignWords
{
    /// <summary>The template's of its version, under the campaign's subject where it has one; or its own. Null: its template is gone.</summary>
    public static async ValueTask<TemplateWords?> OfAsync(Campaign campaign, ITemplateStore templates, CancellationToken cancellationToken)
    {
        if (campaign.Template is not { } id) return new(campaign.Subject ?? "", campaign.Html, campaign.Text);
        var template = await templates.FindAsync(id, campaign.TemplateVersion, cancellationToken);
        return template is null ? null : campaign.Subject is { } subject ? template.Words with { Subject = subject } : template.Words;
    }
}
