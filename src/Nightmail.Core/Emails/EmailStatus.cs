namespace Nightmail.Core.Emails;

/// <summary>Where an email is in its life. See docs/lifecycle.md for the transitions.</summary>
public enum EmailStatus
{
    /// <summary>Waits for its time, or for its next attempt.</summary>
    Pending,

    /// <summary>A worker holds a claim on it.</summary>
    Sending,

    /// <summary>A person holds it back; <c>resume</c> makes it pending.</summary>
    Paused,

    /// <summary>Final: no recipient is left and at least one was delivered to.</summary>
    Sent,

    /// <summary>Final unless a person retries it: see <see cref="FailureReason"/>.</summary>
    Failed,

    /// <summary>Final: taken back before it left.</summary>
    Cancelled,

    /// <summary>It may have left and nobody knows; waits for a person (<c>retry</c> or <c>mark-sent</c>) or for late news.</summary>
    InDoubt,
}

/// <summary>Why an email is <see cref="EmailStatus.Failed"/>.</summary>
public enum FailureReason
{
    /// <summary>Every recipient was refused for good.</summary>
    Bounced,

    /// <summary>Deferred until the time for trying was over (<c>deferral.giveUpAfter</c>).</summary>
    GaveUp,

    /// <summary>Its <c>not_after</c> passed before it could be sent.</summary>
    Expired,

    /// <summary>No message could be written from it.</summary>
    Invalid,

    /// <summary>Its template could not be rendered.</summary>
    Render,
}

/// <summary>The words for statuses and reasons in files, JSON and messages.</summary>
public static class EmailStatusNames
{
    /// <summary>Lower-case, with underscores: <c>in_doubt</c>.</summary>
    public static string Name(this EmailStatus status) => status switch
    {
        EmailStatus.Pending => "pending",
        EmailStatus.Sending => "sending",
        EmailStatus.Paused => "paused",
        EmailStatus.Sent => "sent",
        EmailStatus.Failed => "failed",
        EmailStatus.Cancelled => "cancelled",
        EmailStatus.InDoubt => "in_doubt",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, null),
    };

    /// <summary>Lower-case, with underscores: <c>gave_up</c>.</summary>
    public static string Name(this FailureReason reason) => reason switch
    {
        FailureReason.Bounced => "bounced",
        FailureReason.GaveUp => "gave_up",
        FailureReason.Expired => "expired",
        FailureReason.Invalid => "invalid",
        FailureReason.Render => "render",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, null),
    };

    /// <summary>The status of that name, or null. <c>scheduled</c> is an older file's word for pending.</summary>
    public static EmailStatus? ParseStatus(string? name) => name switch
    {
        "pending" or "scheduled" => EmailStatus.Pending,
        "sending" => EmailStatus.Sending,
        "paused" => EmailStatus.Paused,
        "sent" => EmailStatus.Sent,
        "failed" => EmailStatus.Failed,
        "cancelled" or "canceled" => EmailStatus.Cancelled,
        "in_doubt" or "in-doubt" => EmailStatus.InDoubt,
        _ => null,
    };

    /// <summary>The reason of that name, or null.</summary>
    public static FailureReason? ParseReason(string? name) => name switch
    {
        "bounced" => FailureReason.Bounced,
        "gave_up" => FailureReason.GaveUp,
        "expired" => FailureReason.Expired,
        "invalid" => FailureReason.Invalid,
        "render" => FailureReason.Render,
        _ => null,
    };

    /// <summary>True when nothing will happen to the email by itself any more.</summary>
    public static bool IsFinal(this EmailStatus status) =>
        status is EmailStatus.Sent or EmailStatus.Failed or EmailStatus.Cancelled;
}
