using System.Text.Json;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;

namespace Nightmail.Cli.Remote;

/// <summary>An email as a server shows it, read back as the row that it is there.</summary>
internal static class EmailReading
{
    /// <summary>The email of an answer, with the version that the server told beside it.</summary>
    /// <exception cref="CommandFailure">It is none.</exception>
    public static ScheduledEmail Read(ServerReply reply) => Read(reply.Body) with { LedgerLast = long.TryParse(reply.ETag?.Trim('"'), out var version) ? version : 0 };

    /// <summary>What the server is told of the version that was seen; null: none was.</summary>
    public static string? Version(long? seen) => seen is { } version ? $"\"{version}\"" : null;

    /// <summary>The email.</summary>
    /// <exception cref="CommandFailure">It is none.</exception>
    public static ScheduledEmail Read(JsonElement json)
    {
        if (!EmailId.TryParse(json.TextOf("id") ?? "", out var id) || EmailStatusNames.ParseStatus(json.TextOf("status")) is not { } status || json.TimeOf("scheduledFor") is not { } scheduledFor)
            throw CommandFailure.Refused("the server answered with something that is no email; is it a nightmail server of another version?");
        var detail = json.Below("detail");
        return new()
        {
            Id = id,
            Status = status,
            Reason = EmailStatusNames.ParseReason(json.TextOf("reason")),
            ScheduledFor = scheduledFor,
            Wish = json.Below("wish") is { ValueKind: JsonValueKind.Object } wish ? new(wish.TextOf("local") ?? "", wish.TextOf("timeZone") ?? "", "") : null,
            NextAttempt = json.TimeOf("nextAttempt"),
            Attempts = (int)json.NumberOf("attempts"),
            Account = detail.TextOf("requiredAccount"),
            LastAccount = detail.TextOf("lastAccount"),
            Content = Content(json, detail.Below("content")),
            MessageId = json.TextOf("messageId"),
            Campaign = CampaignId.TryParse(json.TextOf("campaignId"), out var campaign) ? campaign : null,
            CreatedAt = json.TimeOf("createdAt") ?? default,
            LastAttempt = json.TimeOf("lastAttempt"),
            LastError = json.TextOf("lastError"),
            SentAt = json.TimeOf("sentAt"),
            ClaimedBy = json.TextOf("claimedBy"),
            LastModified = detail.TimeOf("lastModified") ?? default,
            NotAfter = detail.TimeOf("notAfter"),
            CreatedBy = detail.TextOf("createdBy"),
            FrozenFrom = detail.TextOf("frozenFrom"),
            RetriedAt = detail.TimeOf("retriedAt"),
            SentReply = detail.TextOf("sentReply"),
            LostClaims = (int)detail.NumberOf("lostClaims"),
            Deferrals = (int)detail.NumberOf("deferrals"),
            AccountFailures = (int)detail.NumberOf("accountFailures"),
            FailedAccounts = detail.TextsOf("failedAccounts"),
            Recipients = [.. detail.ItemsOf("recipients").Select(Recipient)],
        };
    }

    // Without the content of its own the email's From cannot be told from its account's; who asks for one email gets it.
    private static EmailContent Content(JsonElement email, JsonElement content) => new()
    {
        From = content.ValueKind == JsonValueKind.Object ? content.TextOf("from") : email.TextOf("from"),
        To = email.TextsOf("to"),
        Cc = email.TextsOf("cc"),
        Bcc = email.TextsOf("bcc"),
        Subject = email.TextOf("subject") ?? "",
        Text = content.TextOf("text"),
        Html = content.TextOf("html"),
        Headers = [.. content.ItemsOf("headers").Select(header => new HeaderField(header.TextOf("name") ?? "", header.TextOf("value") ?? ""))],
        Attachments = [.. content.ItemsOf("attachments").Select(file => new Attachment(file.TextOf("fileName") ?? "", Blob(file)) { ContentType = file.TextOf("contentType"), ContentId = file.TextOf("contentId") })],
        Eml = content.Below("message") is { ValueKind: JsonValueKind.Object } message ? Blob(message) : null,
    };

    /// <summary>What the server calls bytes that were uploaded.</summary>
    public static BlobRef Blob(JsonElement json) => new(json.TextOf("sha256") ?? "", json.NumberOf("size"));

    private static Recipient Recipient(JsonElement json) => new(
        json.TextOf("address") ?? "",
        json.TextOf("status") switch { "delivered" => RecipientStatus.Delivered, "rejected" => RecipientStatus.Rejected, "in_doubt" => RecipientStatus.InDoubt, _ => RecipientStatus.Pending },
        json.TextOf("reply"));
}
