using System.Text.Json;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Cli.Printing;

/// <summary>One email as JSON, without its body: what scripts and editors build on. Keys are only ever added.</summary>
internal static class EmailJson
{
    /// <summary>Writes the email as one object.</summary>
    public static void Write(Utf8JsonWriter json, ScheduledEmail email, WhyContext context)
    {
        var from = SenderOf(email, context);
        json.WriteStartObject();
        json.WriteString("id", email.Id.ToString());
        json.WriteString("status", email.Status.Name());
        if (email.Reason is { } reason) json.WriteString("reason", reason.Name());
        json.WriteString("scheduledFor", JsonText.Time(email.ScheduledFor));
        if (email.Wish is { } wish)
        {
            json.WriteStartObject("wish");
            json.WriteString("local", wish.Local);
            json.WriteString("timeZone", wish.TimeZone);
            json.WriteEndObject();
        }

        WriteTime(json, "nextAttempt", email.NextAttempt);
        json.WriteNumber("attempts", email.Attempts);
        if ((email.Account ?? email.LastAccount) is { } account) json.WriteString("account", account);
        json.WriteString("from", from);
        WriteList(json, "to", email.Content.To);
        WriteList(json, "cc", email.Content.Cc);
        WriteList(json, "bcc", email.Content.Bcc);
        json.WriteString("subject", email.Content.Subject);
        json.WriteString("messageId", MessageIds.For(email, DomainOf(from)));
        if (email.Campaign is { } campaign) json.WriteString("campaignId", campaign.ToString());
        json.WriteString("createdAt", JsonText.Time(email.CreatedAt));
        WriteTime(json, "lastAttempt", email.LastAttempt);
        if (email.LastError is { } error) json.WriteString("lastError", error);
        WriteRejected(json, email);
        WriteTime(json, "sentAt", email.SentAt);
        if (email.ClaimedBy is { } owner) json.WriteString("claimedBy", owner);
        json.WriteString("why", Why.Explain(email, context));
        json.WriteEndObject();
    }

    /// <summary>The From mailbox: the email's own, what it was sent with, or that of the account it will go through; null when no account fits.</summary>
    public static string? SenderOf(ScheduledEmail email, WhyContext context) =>
        email.Content.From ?? email.FrozenFrom ?? context.Accounts.FirstOrDefault(account => account.Suits(email))?.FromOf(email);

    private static string DomainOf(string? from) => from is not null && Mailbox.TryParse(from, out var mailbox, out _) ? mailbox.Domain : "";

    private static void WriteTime(Utf8JsonWriter json, string key, DateTimeOffset? time)
    {
        if (time is { } instant) json.WriteString(key, JsonText.Time(instant));
    }

    private static void WriteList(Utf8JsonWriter json, string key, IReadOnlyList<string> mailboxes)
    {
        json.WriteStartArray(key);
        foreach (var mailbox in mailboxes) json.WriteStringValue(mailbox);
        json.WriteEndArray();
    }

    private static void WriteRejected(Utf8JsonWriter json, ScheduledEmail email)
    {
        if (!email.Recipients.Any(recipient => recipient.Status == RecipientStatus.Rejected)) return;
        json.WriteStartArray("rejected");
        foreach (var recipient in email.Recipients.Where(each => each.Status == RecipientStatus.Rejected))
        {
            json.WriteStartObject();
            json.WriteString("address", recipient.Address);
            json.WriteString("reply", recipient.Reply);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
