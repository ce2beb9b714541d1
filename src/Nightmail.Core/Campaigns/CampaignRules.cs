namespace Nightmail.Core.Campaigns;

/// <summary>What a person may do to a campaign.</summary>
public enum CampaignAction
{
    /// <summary>Changes its words, its copies, its account, or its recipients.</summary>
    Edit,

    /// <summary>Lets it go at a time.</summary>
    Schedule,

    /// <summary>Gives it another time.</summary>
    Reschedule,

    /// <summary>Holds it back.</summary>
    Pause,

    /// <summary>Ends a pause.</summary>
    Resume,

    /// <summary>Takes back what has not been sent.</summary>
    Cancel,

    /// <summary>Makes its failed recipients pending again.</summary>
    Retry,

    /// <summary>Forgets it with its recipients.</summary>
    Delete,
}

/// <summary>Decides whether an action on a campaign is granted. Pure; the store asks again in the step that writes.</summary>
public static class CampaignRules
{
    /// <summary>Null when granted; otherwise one line why not and what can be done.</summary>
    public static string? WhyNot(CampaignAction action, CampaignStatus status, CampaignCounts counts)
    {
        var standing = $"it is {status.Name()}";
        return action switch
        {
            CampaignAction.Edit => status is CampaignStatus.Draft ? null : $"{standing}; only a draft can be changed: duplicate it",
            CampaignAction.Schedule when status is not CampaignStatus.Draft => $"{standing}; only a draft can be scheduled",
            CampaignAction.Schedule => counts.Total > 0 ? null : "it has no recipients; add some first",
            CampaignAction.Reschedule => status is CampaignStatus.Scheduled or CampaignStatus.Paused ? null : $"{standing}; only one that waits or is paused can get another time",
            CampaignAction.Pause => status is CampaignStatus.Scheduled or CampaignStatus.Sending ? null : $"{standing}; only one that waits or is being sent can be paused",
            CampaignAction.Resume => status is CampaignStatus.Paused ? null : $"{standing}, not paused",
            CampaignAction.Cancel => status is CampaignStatus.Draft or CampaignStatus.Scheduled or CampaignStatus.Sending or CampaignStatus.Paused ? null : $"{standing}; there is nothing left to take back",
            CampaignAction.Retry when status is CampaignStatus.Cancelled or CampaignStatus.Draft => standing,
            CampaignAction.Retry => counts.Failed > 0 ? null : "none of its recipients has failed",
            CampaignAction.Delete => counts.Open == 0 || status is CampaignStatus.Draft ? null : $"{standing}; cancel it first",
            _ => throw new ArgumentOutOfRangeException(nameof(action), action, null),
        };
    }
}
