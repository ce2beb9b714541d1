using System.Text.Json;
using Nightmail.Core.Emails;

namespace Nightmail.Store.File.Format;

/// <summary>
/// Reads one email of the file, leniently: numbers for numeric strings and the other way round, an empty array for an empty object, null
/// for absent, the older plugin's names. Throws <see cref="FormatException"/> where no email can be made of it.
/// </summary>
internal ref struct EmailReader
{
    private static readonly string[] Names = [.. QueueKeys.Entry, .. QueueKeys.OlderEntry];
    private DateTimeOffset? scheduledFor, createdAt, lastModified, lastAttempt, nextAttempt, notAfter, retriedAt, sentAt, date;
    private EmailStatus? status;
    private FailureReason? reason;
    private string? account, lastAccount, claimedBy, lastError, sentReply, messageId, frozenFrom, createdBy;
    private int attempts, lostClaims, deferrals, accountFailures;
    private long ledgerLast;
    private Wish? wish;
    private IdempotencyKey? key;
    private EmailContent? content;
    private IReadOnlyList<Attachment> attachments;
    private IReadOnlyList<Recipient> recipients;
    private IReadOnlyList<string> failedAccounts;
    private EmailId name;
    private bool unknown;

    /// <summary>Reads the email.</summary>
    /// <param name="raw">Its bytes.</param>
    /// <param name="id">Its name, from the key it lies under.</param>
    /// <param name="hasUnknown">True when it holds keys that are not known here.</param>
    public static ScheduledEmail Read(ReadOnlySpan<byte> raw, EmailId id, out bool hasUnknown)
    {
        // A key that is not known is only carried along; it must not be found later that it cannot be.
        if (!System.Text.Unicode.Utf8.IsValid(raw)) throw new FormatException("it is not UTF-8 text");
        var json = new Utf8JsonReader(raw, new JsonReaderOptions { AllowTrailingCommas = true });
        var email = new EmailReader { name = id, attachments = [], recipients = [], failedAccounts = [] };
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject) throw new FormatException("it is not an object");
        var seen = 0UL;
        for (var last = -1; json.Read() && json.TokenType == JsonTokenType.PropertyName;)
        {
            var index = QueueKeys.EntryIndex(json.ValueSpan, last);
            if (index >= 0) last = index;
            else index = Array.FindIndex(QueueKeys.OlderEntry, json.GetString()!.Equals) is >= 0 and var older ? QueueKeys.Entry.Length + older : -1;
            json.Read();
            if (index < 0)
            {
                email.unknown = true;
                json.Skip();
                continue;
            }

            Once(ref seen, index, Names);
            try
            {
                email.Take(ref json, Names[index]);
            }
            catch (FormatException broken)
            {
                throw new FormatException($"{Names[index]}: {broken.Message}", broken);
            }
        }

        hasUnknown = email.unknown;
        return email.Finish(id);
    }

    private void Take(ref Utf8JsonReader json, string name)
    {
        switch (name)
        {
            case "id": CheckName(Lenient.Text(ref json)); break;
            case "scheduled_for": scheduledFor = UnixTime.Read(ref json); break;
            case "created_at": createdAt = UnixTime.Read(ref json); break;
            case "status":
                var word = Lenient.Text(ref json);
                status = EmailStatusNames.ParseStatus(word) ?? throw new FormatException($"'{word}' is no status");
                break;
            case "account": account = Text(ref json) ?? account; break;
            case "account_id": account ??= Text(ref json); break;
            case "attempts": attempts = Lenient.Count(ref json); break;
            case "retries": attempts = Math.Max(attempts, Lenient.Count(ref json)); break;
            case "last_attempt": lastAttempt = UnixTime.Read(ref json); break;
            case "last_modified": lastModified = UnixTime.Read(ref json); break;
            case "email_data": content = Content(ref json); break;
            case "metadata": Metadata(ref json); break;
            case "reason": reason = EmailStatusNames.ParseReason(Lenient.Text(ref json)); break;
            case "wish": wish = EmailParts.Wish(ref json, ref unknown); break;
            case "not_after": notAfter = UnixTime.Read(ref json); break;
            case "next_attempt": nextAttempt = UnixTime.Read(ref json); break;
            case "claimed_by": claimedBy = Text(ref json); break;
            case "last_account": lastAccount = Text(ref json); break;
            case "last_error": lastError = Lenient.Text(ref json); break;
            case "error": lastError ??= json.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray ? Skipped(ref json) : Lenient.Text(ref json); break;
            case "message_id": messageId = Text(ref json); break;
            case "date": date = UnixTime.Read(ref json); break;
            case "frozen_from": frozenFrom = Text(ref json); break;
            case "sent_at": sentAt = UnixTime.Read(ref json); break;
            case "sent_reply": sentReply = Lenient.Text(ref json); break;
            case "deferrals": deferrals = Lenient.Count(ref json); break;
            case "account_failures": accountFailures = Lenient.Count(ref json); break;
            case "failed_accounts": failedAccounts = EmailParts.Texts(ref json); break;
            case "lost_claims": lostClaims = Lenient.Count(ref json); break;
            case "retried_at": retriedAt = UnixTime.Read(ref json); break;
            case "recipients": recipients = EmailParts.Recipients(ref json, ref unknown); break;
            case "idempotency_key": key = Key(ref json); break;
            case "ledger_last": ledgerLast = Math.Max(0, Lenient.Whole(ref json) ?? 0) is <= Lenient.MaxSequence and var known ? known : throw new FormatException("it is larger than can be"); break;
        }
    }

    private readonly ScheduledEmail Finish(EmailId id) => new()
    {
        Id = id,
        Content = (content ?? throw new FormatException("email_data is missing")) with { Attachments = attachments },
        ScheduledFor = scheduledFor ?? throw new FormatException("scheduled_for is missing"),
        Wish = wish,
        CreatedAt = createdAt ?? scheduledFor.Value,
        LastModified = lastModified ?? createdAt ?? scheduledFor.Value,
        Status = status ?? throw new FormatException("status is missing"),
        Reason = status == EmailStatus.Failed ? reason ?? FailureReason.GaveUp : reason,
        Account = account,
        LastAccount = lastAccount,
        Attempts = attempts,
        LastAttempt = lastAttempt,
        NextAttempt = nextAttempt,
        NotAfter = notAfter,
        ClaimedBy = claimedBy,
        LostClaims = lostClaims,
        Deferrals = deferrals,
        AccountFailures = accountFailures,
        FailedAccounts = failedAccounts,
        RetriedAt = retriedAt,
        LastError = lastError,
        SentReply = sentReply,
        SentAt = sentAt,
        Recipients = recipients,
        MessageId = messageId,
        Date = date,
        FrozenFrom = frozenFrom,
        LedgerLast = ledgerLast,
        IdempotencyKey = key,
        CreatedBy = createdBy,
    };

    /// <summary>Under a key that is not its own it may be a second one of an email that is there, or has left, under its own.</summary>
    private readonly void CheckName(string? said)
    {
        if (EmailId.TryParse(said, out var own) && own != name) throw new FormatException($"it calls itself {own}");
    }

    private EmailContent Content(ref Utf8JsonReader json)
    {
        if (!Lenient.EntersObject(ref json, "it")) return new();
        var found = new EmailContent();
        var seen = 0UL;
        while (Lenient.NextProperty(ref json, QueueKeys.EmailData) is { } index)
        {
            if (index < 0)
            {
                unknown = true;
                json.Skip();
                continue;
            }

            Once(ref seen, index, QueueKeys.EmailData);
            found = QueueKeys.EmailData[index] switch
            {
                "to" => found with { To = Lenient.Mailboxes(ref json) },
                "cc" => found with { Cc = Lenient.Mailboxes(ref json) },
                "bcc" => found with { Bcc = Lenient.Mailboxes(ref json) },
                "from" => found with { From = Text(ref json) },
                "subject" => found with { Subject = Lenient.Text(ref json) ?? "" },
                "body" => found with { Text = Lenient.Text(ref json) },
                "html" => found with { Html = Lenient.Text(ref json) },
                "headers" => found with { Headers = EmailParts.Headers(ref json, ref unknown) },
                "eml" => found with { Eml = EmailParts.Blob(ref json, ref unknown) },
                _ => found,
            };
        }

        return found;
    }

    private void Metadata(ref Utf8JsonReader json)
    {
        if (!Lenient.EntersObject(ref json, "it")) return;
        while (Lenient.NextProperty(ref json, QueueKeys.Metadata) is { } index)
        {
            if (index == 0) createdBy = Lenient.Text(ref json);
            else if (index == 1) attachments = EmailParts.Attachments(ref json, ref unknown);
            else
            {
                unknown = true;
                json.Skip();
            }
        }
    }

    private IdempotencyKey? Key(ref Utf8JsonReader json)
    {
        var (name, hash) = ((string?)null, (string?)null);
        if (!Lenient.EntersObject(ref json, "it")) return null;
        while (Lenient.NextProperty(ref json, QueueKeys.Key) is { } index)
        {
            if (index == 0) name = Lenient.Text(ref json);
            else if (index == 1) hash = Lenient.Text(ref json);
            else
            {
                unknown = true;
                json.Skip();
            }
        }

        return name is null ? null : new(name, hash ?? "");
    }

    /// <summary>Of two values under one name nobody can say which was meant: a person has mistyped, or half of another email has come into this one.</summary>
    private static void Once(ref ulong seen, int index, string[] names)
    {
        var bit = 1UL << index;
        if ((seen & bit) != 0) throw new FormatException($"it says '{names[index]}' twice");
        seen |= bit;
    }

    private static string? Text(ref Utf8JsonReader json) => Lenient.Text(ref json) is { Length: > 0 } text ? text : null;

    private string? Skipped(ref Utf8JsonReader json)
    {
        unknown = true;
        json.Skip();
        return null;
    }
}
