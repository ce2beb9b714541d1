namespace Nightmail.Store.File.Format;

/// <summary>The names of the format, in the order they are written, and the older names that are read.</summary>
internal static class QueueKeys
{
    /// <summary>The version this program writes, and the highest major version it may write over.</summary>
    public const string Version = "1.0";

    /// <inheritdoc cref="Version"/>
    public const int MajorVersion = 1;

    /// <summary>The top level.</summary>
    public static readonly string[] Top = ["version", "created", "last_modified", "revision", "queue", "statistics", "accounts", "sending_paused"];

    /// <summary>An email. The first <see cref="EntryAlways"/> are always written, the others when they have a value.</summary>
    public static readonly string[] Entry =
    [
        "id", "scheduled_for", "created_at", "status", "account", "attempts", "last_attempt", "last_modified", "email_data", "metadata",
        "reason", "wish", "not_after", "next_attempt", "claimed_by", "last_account", "last_error", "message_id", "date", "frozen_from",
        "sent_at", "sent_reply", "deferrals", "account_failures", "failed_accounts", "lost_claims", "retried_at", "recipients", "idempotency_key", "ledger_last",
    ];

    /// <summary>How many names of <see cref="Entry"/> every email has.</summary>
    public const int EntryAlways = 10;

    /// <summary>What the older editor plugin wrote, read as the name it maps to.</summary>
    public static readonly string[] OlderEntry = ["account_id", "retries", "error"];

    public static readonly string[] EmailData = ["to", "subject", "body", "from", "cc", "bcc", "html", "headers", "eml"];
    public static readonly string[] Metadata = ["created_by", "file_refs"];
    public static readonly string[] Wish = ["local", "time_zone", "rules", "gave"];
    public static readonly string[] Recipient = ["address", "status", "reply"];
    public static readonly string[] Key = ["key", "request_hash"];
    public static readonly string[] Header = ["name", "value"];
    public static readonly string[] FileRef = ["name", "size", "sha256", "content_type", "content_id"];
    public static readonly string[] Statistics = ["total_scheduled", "total_sent", "total_failed", "total_cancelled", "pruned"];
    public static readonly string[] Pruned = ["sent", "failed", "cancelled"];

    private static readonly byte[][] EntryBytes = [.. Entry.Select(name => System.Text.Encoding.UTF8.GetBytes(name))];

    /// <summary>The place of a name in <see cref="Entry"/>, or -1. In our own files it is one of the next after the last, so that is tried first.</summary>
    public static int EntryIndex(ReadOnlySpan<byte> name, int last)
    {
        for (var tries = 1; tries <= EntryBytes.Length; tries++)
        {
            var index = (last + tries) % EntryBytes.Length;
            if (name.SequenceEqual(EntryBytes[index])) return index;
        }

        return -1;
    }
}
