using System.Text.Json;

namespace Nightmail.Server.Api;

/// <summary>A message to many, scheduled or sent in one call.</summary>
public sealed record SendRequest
{
    /// <summary>The template; null: the content is given here.</summary>
    public string? TemplateId { get; set; }

    /// <summary>The subject; null: the template's.</summary>
    public string? Subject { get; set; }

    /// <summary>HTML where there is no template.</summary>
    public string? Html { get; set; }

    /// <summary>Text where there is no template.</summary>
    public string? Text { get; set; }

    /// <summary>Each an address or <c>{email, name?, variables?}</c>.</summary>
    public required IReadOnlyList<JsonElement> Recipients { get; init; }

    /// <summary>Mailboxes that get a copy of each email.</summary>
    public IReadOnlyList<string> Cc { get; set; } = [];

    /// <summary>Mailboxes that get a copy of each email and are not named in it.</summary>
    public IReadOnlyList<string> Bcc { get; set; } = [];

    /// <summary>What people call it.</summary>
    public string? Name { get; set; }

    /// <summary>The account it goes through; null: any that may.</summary>
    public string? Account { get; set; }

    /// <summary>When, with offset or zone; null: now.</summary>
    public string? ScheduledFor { get; set; }

    /// <summary>True sends although recipients lack variables.</summary>
    public bool AllowMissing { get; set; }
}

/// <summary>What a send came to.</summary>
public sealed record SendAnswer(string CampaignId, string Status, string? ScheduledFor);

/// <summary>A campaign that is to be made, or what of one is to be changed: null leaves it as it is.</summary>
public sealed record CampaignRequest
{
    /// <summary>What people call it.</summary>
    public string? Name { get; set; }

    /// <summary>The subject, a template itself.</summary>
    public string? Subject { get; set; }

    /// <summary>The template.</summary>
    public string? TemplateId { get; set; }

    /// <summary>Its own HTML.</summary>
    public string? Html { get; set; }

    /// <summary>Its own text.</summary>
    public string? Text { get; set; }

    /// <summary>The account it goes through.</summary>
    public string? Account { get; set; }

    /// <summary>Copies.</summary>
    public IReadOnlyList<string>? Cc { get; set; }

    /// <summary>Copies that nobody sees.</summary>
    public IReadOnlyList<string>? Bcc { get; set; }
}

/// <summary>A campaign.</summary>
public sealed record CampaignAnswer(string Id, string Name, string Status, string? Subject, string? TemplateId, int? TemplateVersion, string? Html, string? Text, string? Account,
    IReadOnlyList<string> Cc, IReadOnlyList<string> Bcc, string? ScheduledFor, WishShape? Wish, string CreatedAt, string? StartedAt, string? CompletedAt, CountsShape Counts);

/// <summary>A wall-clock wish.</summary>
public sealed record WishShape(string Local, string TimeZone);

/// <summary>Recipients by status.</summary>
public sealed record CountsShape(long Total, long Pending, long Sending, long Paused, long Sent, long Failed, long Cancelled, long InDoubt);

/// <summary>How far a campaign is.</summary>
public sealed record ProgressAnswer(string Status, long Total, long Pending, long Sending, long Paused, long Sent, long Failed, long Cancelled, long InDoubt, double RatePerSecond, string? Eta);

/// <summary>A time for a campaign or an email.</summary>
public sealed record ScheduleShape
{
    /// <summary>When, with offset or zone; null: now.</summary>
    public string? ScheduledFor { get; set; }

    /// <summary>True sends although recipients lack variables.</summary>
    public bool AllowMissing { get; set; }

    /// <summary>True takes a time that has passed.</summary>
    public bool AllowPast { get; set; }
}

/// <summary>Recipients that were added.</summary>
public sealed record RecipientsAnswer(long Added, long Duplicates, long Suppressed);

/// <summary>A page; <c>next</c> is the cursor of the following one, null on the last.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>A recipient of a campaign.</summary>
public sealed record RecipientAnswer(string Id, string Email, string? Name, JsonElement? Variables, string Status, string? Reason, int Attempts, string? LastError, string? SentAt);

/// <summary>A rendering.</summary>
public sealed record PreviewAnswer(string Subject, string? Html, string? Text, IReadOnlyList<string> Missing);

/// <summary>Whose variables to preview with.</summary>
public sealed record PreviewRequest
{
    /// <summary>A recipient's address; null: the first one's, or <see cref="Variables"/>.</summary>
    public string? Email { get; set; }

    /// <summary>For a template: the campaign whose recipient it is.</summary>
    public string? CampaignId { get; set; }

    /// <summary>Variables of nobody.</summary>
    public JsonElement? Variables { get; set; }
}

/// <summary>A test of a campaign.</summary>
public sealed record TestRequest
{
    /// <summary>Who gets it.</summary>
    public required string To { get; init; }

    /// <summary>The recipient whose variables it has; null: the first one, or <see cref="Variables"/>.</summary>
    public string? Email { get; set; }

    /// <summary>Variables of nobody.</summary>
    public JsonElement? Variables { get; set; }
}

/// <summary>What a retry of a campaign came to.</summary>
/// <param name="Retried">Recipients that are pending again.</param>
/// <param name="Refused">Recipients that could not be.</param>
/// <param name="Campaign">The campaign after it.</param>
public sealed record RetryAnswer(long Retried, long Refused, CampaignAnswer Campaign);

/// <summary>A template that is to be saved.</summary>
public sealed record TemplateRequest
{
    /// <summary>What people call it.</summary>
    public required string Name { get; init; }

    /// <summary>The subject.</summary>
    public required string Subject { get; init; }

    /// <summary>The HTML part.</summary>
    public string? Html { get; set; }

    /// <summary>The text part; null: made from the HTML.</summary>
    public string? Text { get; set; }
}

/// <summary>A template.</summary>
public sealed record TemplateAnswer(string Id, int Version, string Name, string Subject, string? Html, string? Text, IReadOnlyList<string> Variables, string CreatedAt, string SavedAt);

/// <summary>Who is to get no campaign mail.</summary>
public sealed record SuppressionRequest
{
    /// <summary>An address, or <c>*@domain</c>.</summary>
    public required string Target { get; init; }

    /// <summary>Why.</summary>
    public string Reason { get; set; } = "";
}

/// <summary>Who gets no campaign mail.</summary>
public sealed record SuppressionAnswer(string Target, string Reason, string Since);

/// <summary>What an import came to: how many are new, and how many were there before.</summary>
public sealed record SuppressionsAnswer(long Added, long Known);

/// <summary>A row of the send log.</summary>
public sealed record LogAnswer(long Number, string At, string Email, string? CampaignId, int Attempt, int RetryCount, string Account, string Recipient, string Outcome, int? Code, string? Enhanced, string? Words, double DurationMs, string? Worker);

/// <summary>A key that is to be made.</summary>
public sealed record KeyRequest
{
    /// <summary>What people call it.</summary>
    public required string Name { get; init; }

    /// <summary><c>send</c>, <c>read</c>, <c>admin</c>.</summary>
    public required IReadOnlyList<string> Scopes { get; init; }
}

/// <summary>A key; <c>key</c> itself is told once, when it is made.</summary>
public sealed record KeyAnswer(string Id, string Name, IReadOnlyList<string> Scopes, string CreatedAt, string? Key);

/// <summary>An order of accounts.</summary>
public sealed record OrderRequest
{
    /// <summary>Every account, each once.</summary>
    public required IReadOnlyList<string> Names { get; init; }
}

/// <summary>An email that is to be scheduled.</summary>
public sealed record EmailRequest : ContentShape
{
    /// <summary>The account it goes through; null: any that may.</summary>
    public string? Account { get; set; }

    /// <summary>When, with offset or zone; null: now.</summary>
    public string? ScheduledFor { get; set; }

    /// <summary>Not sent after this.</summary>
    public string? NotAfter { get; set; }

    /// <summary>True takes a time that has passed: it is sent at once.</summary>
    public bool AllowPast { get; set; }

    /// <summary>The Message-ID; null: derived.</summary>
    public string? MessageId { get; set; }

    /// <summary>Who schedules it, for people.</summary>
    public string? CreatedBy { get; set; }

    /// <summary>
    /// What a person's words for the request come to, where its times were words (<c>in 10m</c>): with an Idempotency-Key the same wording
    /// is the same request, though it names another instant by then.
    /// </summary>
    public string? Wording { get; set; }
}

/// <summary>What of an email is to be changed: null leaves it as it is.</summary>
public sealed record EmailEdit
{
    /// <summary>The From mailbox.</summary>
    public string? From { get; set; }

    /// <summary>Recipients.</summary>
    public IReadOnlyList<string>? To { get; set; }

    /// <summary>Copies.</summary>
    public IReadOnlyList<string>? Cc { get; set; }

    /// <summary>Copies that nobody sees.</summary>
    public IReadOnlyList<string>? Bcc { get; set; }

    /// <summary>The subject.</summary>
    public string? Subject { get; set; }

    /// <summary>The text part.</summary>
    public string? Text { get; set; }

    /// <summary>The HTML part.</summary>
    public string? Html { get; set; }
}

/// <summary>What became of an array of emails.</summary>
/// <param name="Results">One result an email, in order.</param>
public sealed record EmailsAnswer(IReadOnlyList<EmailResult> Results);

/// <summary>What became of one email of an array.</summary>
/// <param name="Status">201: it is scheduled; 200: it was before; 422: it cannot be taken.</param>
/// <param name="Email">The email.</param>
/// <param name="Field">The field that cannot be taken.</param>
/// <param name="Detail">Why not.</param>
public sealed record EmailResult(int Status, EmailAnswer? Email, string? Field, string? Detail);

/// <summary>An email, without its body.</summary>
public sealed record EmailAnswer(string Id, string Status, string? Reason, string ScheduledFor, WishShape? Wish, string? NextAttempt, int Attempts, string? Account, string? From, IReadOnlyList<string> To,
    IReadOnlyList<string> Cc, IReadOnlyList<string> Bcc, string Subject, string MessageId, string? CampaignId, string CreatedAt, string? LastAttempt, string? LastError, IReadOnlyList<RejectedShape>? Rejected, string? SentAt, string? ClaimedBy, string Why)
{
    /// <summary>What else is kept of it.</summary>
    public EmailDetail? Detail { get; init; }
}

/// <summary>A recipient that was refused.</summary>
public sealed record RejectedShape(string Address, string? Reply);

/// <summary>One sentence.</summary>
public sealed record WhyAnswer(string Why);

/// <summary>How much there is of everything.</summary>
public sealed record StatsAnswer(CountsShape Emails, long TotalScheduled, bool SendingPaused)
{
    /// <summary>Emails that are no longer kept, by their last status: with those that are they make up all that were ever scheduled.</summary>
    public PrunedShape Pruned { get; init; } = new(0, 0, 0);
}

/// <summary>Emails that are no longer kept.</summary>
public sealed record PrunedShape(long Sent, long Failed, long Cancelled);

/// <summary>The workers.</summary>
public sealed record WorkersAnswer(bool SendingPaused, IReadOnlyList<WorkerShape> Workers);

/// <summary>A worker that lives.</summary>
/// <param name="Id">Its name.</param>
/// <param name="ProcessId">Its process.</param>
/// <param name="Host">Its machine.</param>
/// <param name="Since">Since when.</param>
/// <param name="Claims">How many emails it has under a claim.</param>
/// <param name="Version">The version of its program.</param>
public sealed record WorkerShape(string Id, int ProcessId, string Host, string Since, int Claims, string Version);

/// <summary>What is well and what is not.</summary>
public sealed record HealthAnswer(string Status, IReadOnlyList<string> Problems, string Version);
