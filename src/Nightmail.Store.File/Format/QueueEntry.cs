using System.Text.Json;
using Nightmail.Core.Emails;

namespace Nightmail.Store.File.Format;

/// <summary>One email of the file: its bytes as they lie there, what a first look showed, and the email itself once somebody asks.</summary>
internal sealed class QueueEntry
{
    private ScheduledEmail? email;
    private bool tried;

    /// <summary>The key under which it lies.</summary>
    public required string Key { get; init; }

    /// <summary>What tells it from every other entry of one file: its id, or its key and bytes where it has none of its own.</summary>
    public string Place => Id != default ? Id.ToString() : $"{Key}\n{Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(Raw.Span))}";

    /// <summary>Its name, read from the key; default when that is no id.</summary>
    public required EmailId Id { get; init; }

    /// <summary>Its bytes with its key: from the line break before the key to the closing brace; no more than the value where it is not canonical.</summary>
    public required ReadOnlyMemory<byte> Line { get; init; }

    /// <summary>How much of <see cref="Line"/> stands before the value.</summary>
    public required int KeyLength { get; init; }

    /// <summary>Its value: from the opening to the closing brace.</summary>
    public ReadOnlyMemory<byte> Raw => Line[KeyLength..];

    /// <summary>True when the bytes are as this program writes them, so that they can be copied.</summary>
    public required bool IsCanonical { get; init; }

    /// <summary>Its status, where the first look found one.</summary>
    public required EmailStatus? Status { get; init; }

    /// <summary>What it has taken in of the ledger.</summary>
    public required long LedgerLast { get; init; }

    /// <summary>True when it was scheduled under an idempotency key.</summary>
    public required bool HasIdempotencyKey { get; init; }

    /// <summary>True when it holds keys that this program does not know; they are kept.</summary>
    public bool HasUnknown { get; private set; }

    /// <summary>Why it cannot be read as an email; null when it can. A damaged entry is kept as it is and never sent.</summary>
    public string? Damage { get; private set; }

    /// <summary>The email, or null when the entry is damaged.</summary>
    public ScheduledEmail? Email
    {
        get
        {
            if (tried) return email;
            tried = true;
            try
            {
                email = EmailReader.Read(Raw.Span, Id, out var unknown);
                HasUnknown = unknown;
            }
            catch (Exception broken) when (broken is FormatException or JsonException or InvalidOperationException)
            {
                Damage = broken.Message;
            }

            return email;
        }
    }

    /// <summary>An entry that cannot be an email.</summary>
    public static QueueEntry Damaged(string key, ReadOnlyMemory<byte> raw, string why) => new()
    {
        Key = key, Id = default, Line = raw, KeyLength = 0, IsCanonical = false, Status = null, LedgerLast = 0, HasIdempotencyKey = false, Damage = why, tried = true,
    };

    /// <summary>An entry as it was just written from <paramref name="email"/>.</summary>
    public static QueueEntry Written(ScheduledEmail email, ReadOnlyMemory<byte> line, int keyLength, bool hasUnknown) => new()
    {
        Key = email.Id.ToString(), Id = email.Id, Line = line, KeyLength = keyLength, IsCanonical = true, Status = email.Status, LedgerLast = email.LedgerLast,
        HasIdempotencyKey = email.IdempotencyKey is not null, HasUnknown = hasUnknown, email = email, tried = true,
    };

    /// <summary>An entry that was found by itself, outside a queue that can be read.</summary>
    public static QueueEntry Found(string key, EmailId id, ReadOnlyMemory<byte> raw)
    {
        var found = new QueueEntry { Key = key, Id = id, Line = raw, KeyLength = 0, IsCanonical = false, Status = null, LedgerLast = 0, HasIdempotencyKey = false };
        return found.Email is { } email ? Mixed(email, raw) : found;
    }

    /// <summary>An email with the unknown keys of <paramref name="raw"/>, whatever else that says.</summary>
    public static QueueEntry Mixed(ScheduledEmail email, ReadOnlyMemory<byte> raw) => new()
    {
        Key = email.Id.ToString(), Id = email.Id, Line = raw, KeyLength = 0, IsCanonical = false, Status = email.Status, LedgerLast = email.LedgerLast,
        HasIdempotencyKey = email.IdempotencyKey is not null, HasUnknown = true, email = email, tried = true,
    };

    /// <summary>The same entry at another place; what was read of it stays.</summary>
    public QueueEntry At(ReadOnlyMemory<byte> line, int keyLength) => new()
    {
        Key = Key, Id = Id, Line = line, KeyLength = keyLength, IsCanonical = IsCanonical, Status = Status, LedgerLast = LedgerLast,
        HasIdempotencyKey = HasIdempotencyKey, HasUnknown = HasUnknown, Damage = Damage, email = email, tried = tried,
    };
}
