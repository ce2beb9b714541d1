using Nightmail.Core.Emails;

namespace Nightmail.Core.Campaigns;

/// <summary>One message to many, each with their own variables. Its recipients are emails; this is what they have in common.</summary>
public sealed record Campaign
{
    /// <summary>Its name for ever.</summary>
    public required CampaignId Id { get; init; }

    /// <summary>What people call it.</summary>
    public required string Name { get; init; }

    /// <summary>The subject, a template itself; null: the template's.</summary>
    public string? Subject { get; init; }

    /// <summary>The template it uses; null: its own <see cref="Html"/> and <see cref="Text"/>.</summary>
    public TemplateId? Template { get; init; }

    /// <summary>The version it was scheduled with; null before that: then the newest counts.</summary>
    public int? TemplateVersion { get; init; }

    /// <summary>Its own HTML where it has no template.</summary>
    public string? Html { get; init; }

    /// <summary>Its own text where it has no template; null: made from the HTML.</summary>
    public string? Text { get; init; }

    /// <summary>The account it goes through; null: any that may send it.</summary>
    public string? Account { get; init; }

    /// <summary>Mailboxes that get a copy of every recipient's email, named in it.</summary>
    public IReadOnlyList<string> Cc { get; init; } = [];

    /// <summary>Mailboxes that get a copy of every recipient's email, not named in it.</summary>
    public IReadOnlyList<string> Bcc { get; init; } = [];

    /// <summary>When it is meant to start; null while it is a draft without a time.</summary>
    public DateTimeOffset? ScheduledFor { get; init; }

    /// <summary>The wall-clock wish behind <see cref="ScheduledFor"/>.</summary>
    public Wish? Wish { get; init; }

    /// <summary>What a person wants of it.</summary>
    public CampaignStance Stance { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its first recipient's email was tried; null: not yet.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When nothing was left to send; null: there is something left.</summary>
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>True from before the first recipient of an import is kept until after the last; its store alone sets it.</summary>
    public bool IsImporting { get; init; }

    /// <summary>Raised by every change of this record; the fence of an edit.</summary>
    public int Version { get; init; } = 1;
}

/// <summary>What a person wants of a campaign: the one word that claim and begin look at. What is true of it follows from its recipients.</summary>
public enum CampaignStance
{
    /// <summary>Recipients come in; nothing is sent.</summary>
    Draft,

    /// <summary>It is sent from its time on.</summary>
    Released,

    /// <summary>Nothing is sent until it is resumed.</summary>
    Paused,

    /// <summary>What has not been sent never is.</summary>
    Cancelled,
}
