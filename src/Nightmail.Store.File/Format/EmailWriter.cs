using System.Text.Json;
using Nightmail.Core.Emails;

namespace Nightmail.Store.File.Format;

/// <summary>Writes one email in the format's order, each further key only when it has a value, and after them what the old bytes held that is not known here.</summary>
internal static class EmailWriter
{
    /// <summary>Writes the email's object.</summary>
    /// <param name="writer">Stands where the value belongs.</param>
    /// <param name="email">The email.</param>
    /// <param name="previous">The entry as it lay in the file, for its unknown keys; default when there are none.</param>
    public static void Write(Utf8JsonWriter writer, ScheduledEmail email, JsonElement previous)
    {
        writer.WriteStartObject();
        writer.WriteString("id", email.Id.ToString());
        writer.Time("scheduled_for", email.ScheduledFor);
        writer.Time("created_at", email.CreatedAt);
        writer.WriteString("status", email.Status.Name());
        writer.WriteString("account", email.Account);
        writer.WriteNumber("attempts", email.Attempts);
        if (email.LastAttempt is { } lastAttempt) writer.Time("last_attempt", lastAttempt);
        else writer.WriteNull("last_attempt");
        writer.Time("last_modified", email.LastModified);
        WriteContent(writer, email.Content, UnknownKeys.Of(previous, "email_data"));
        WriteMetadata(writer, email, UnknownKeys.Of(previous, "metadata"));
        WriteFurther(writer, email, previous);
        UnknownKeys.Copy(writer, previous, QueueKeys.Entry, QueueKeys.OlderEntry);
        writer.WriteEndObject();
    }

    private static void WriteFurther(Utf8JsonWriter writer, ScheduledEmail email, JsonElement previous)
    {
        writer.Text("reason", email.Reason?.Name());
        if (email.Wish is { } wish) WriteWish(writer, wish, UnknownKeys.Of(previous, "wish"));
        writer.Time("not_after", email.NotAfter);
        writer.Time("next_attempt", email.NextAttempt);
        writer.Text("claimed_by", email.ClaimedBy);
        writer.Text("last_account", email.LastAccount);
        writer.Text("last_error", email.LastError);
        writer.Text("message_id", email.MessageId);
        writer.Time("date", email.Date);
        writer.Text("frozen_from", email.FrozenFrom);
        writer.Time("sent_at", email.SentAt);
        writer.Text("sent_reply", email.SentReply);
        Number(writer, "deferrals", email.Deferrals);
        Number(writer, "account_failures", email.AccountFailures);
        if (email.FailedAccounts.Count > 0)
        {
            writer.WriteStartArray("failed_accounts");
            foreach (var account in email.FailedAccounts) writer.WriteStringValue(account);
            writer.WriteEndArray();
        }

        Number(writer, "lost_claims", email.LostClaims);
        writer.Time("retried_at", email.RetriedAt);
        if (email.Recipients.Count > 0) WriteRecipients(writer, email.Recipients, UnknownKeys.Of(previous, "recipients"));
        if (email.IdempotencyKey is { } key)
        {
            writer.WriteStartObject("idempotency_key");
            writer.WriteString("key", key.Key);
            writer.WriteString("request_hash", key.RequestHash);
            UnknownKeys.Copy(writer, UnknownKeys.Of(previous, "idempotency_key"), QueueKeys.Key);
            writer.WriteEndObject();
        }

        Number(writer, "ledger_last", email.LedgerLast);
    }

    private static void WriteContent(Utf8JsonWriter writer, EmailContent content, JsonElement previous)
    {
        writer.WriteStartObject("email_data");
        Mailboxes(writer, "to", content.To);
        writer.WriteString("subject", content.Subject);
        writer.Text("body", content.Text);
        writer.Text("from", content.From);
        if (content.Cc.Count > 0) Mailboxes(writer, "cc", content.Cc);
        if (content.Bcc.Count > 0) Mailboxes(writer, "bcc", content.Bcc);
        writer.Text("html", content.Html);
        if (content.Headers.Count > 0)
        {
            writer.WriteStartArray("headers");
            foreach (var header in content.Headers)
            {
                writer.WriteStartObject();
                writer.WriteString("name", header.Name);
                writer.WriteString("value", header.Value);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        if (content.Eml is { } eml)
        {
            writer.WriteStartObject("eml");
            writer.WriteNumber("size", eml.Size);
            writer.WriteString("sha256", eml.Sha256);
            UnknownKeys.Copy(writer, UnknownKeys.Of(previous, "eml"), QueueKeys.FileRef);
            writer.WriteEndObject();
        }

        UnknownKeys.Copy(writer, previous, QueueKeys.EmailData);
        writer.WriteEndObject();
    }

    private static void WriteMetadata(Utf8JsonWriter writer, ScheduledEmail email, JsonElement previous)
    {
        writer.WriteStartObject("metadata");
        writer.Text("created_by", email.CreatedBy);
        var before = UnknownKeys.Of(previous, "file_refs");
        if (email.Content.Attachments.Count > 0)
        {
            writer.WriteStartArray("file_refs");
            foreach (var attachment in email.Content.Attachments)
            {
                writer.WriteStartObject();
                writer.WriteString("name", attachment.FileName);
                writer.WriteNumber("size", attachment.Blob.Size);
                writer.WriteString("sha256", attachment.Blob.Sha256);
                writer.Text("content_type", attachment.ContentType);
                writer.Text("content_id", attachment.ContentId);
                UnknownKeys.Copy(writer, UnknownKeys.Of(before, "sha256", attachment.Blob.Sha256), QueueKeys.FileRef);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }
        else if (before.ValueKind != JsonValueKind.Undefined && UnknownKeys.IsForeignFileList(before))
        {
            writer.WritePropertyName("file_refs");
            UnknownKeys.CopyValue(writer, before);
        }

        UnknownKeys.Copy(writer, previous, QueueKeys.Metadata);
        writer.WriteEndObject();
    }

    private static void WriteWish(Utf8JsonWriter writer, Wish wish, JsonElement previous)
    {
        writer.WriteStartObject("wish");
        writer.WriteString("local", wish.Local);
        writer.WriteString("time_zone", wish.TimeZone);
        writer.WriteString("rules", wish.RulesVersion);
        writer.Time("gave", wish.Gave);
        UnknownKeys.Copy(writer, previous, QueueKeys.Wish);
        writer.WriteEndObject();
    }

    private static void WriteRecipients(Utf8JsonWriter writer, IReadOnlyList<Recipient> recipients, JsonElement previous)
    {
        writer.WriteStartArray("recipients");
        foreach (var recipient in recipients)
        {
            writer.WriteStartObject();
            writer.WriteString("address", recipient.Address);
            writer.WriteString("status", EmailParts.Word(recipient.Status));
            writer.Text("reply", recipient.Reply);
            UnknownKeys.Copy(writer, UnknownKeys.Of(previous, "address", recipient.Address), QueueKeys.Recipient);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void Mailboxes(Utf8JsonWriter writer, string name, IReadOnlyList<string> mailboxes)
    {
        if (mailboxes is [var only] && MailboxLists.IsPlain(only))
        {
            writer.WriteString(name, only);
            return;
        }

        writer.WriteStartArray(name);
        foreach (var mailbox in mailboxes) writer.WriteStringValue(mailbox);
        writer.WriteEndArray();
    }

    private static void Number(Utf8JsonWriter writer, string name, long number)
    {
        if (number != 0) writer.WriteNumber(name, number);
    }
}
