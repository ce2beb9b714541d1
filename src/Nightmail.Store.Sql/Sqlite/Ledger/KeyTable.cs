using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite.Connections;

namespace Nightmail.Store.Sql.Sqlite.Ledger;

/// <summary>A key that was seen: which email it made, from which request, and when.</summary>
internal sealed record SeenKey(IdempotencyKey Key, EmailId Email, DateTimeOffset At);

/// <summary>
/// The idempotency keys. They are kept with their email, in one transaction, so that a key never speaks of an email that was not kept; and
/// then copied beside the ledger, so that they survive a restore. A copy that a crash prevented is made at the next start.
/// </summary>
internal sealed class KeyTable
{
    private readonly Statement find, insert, highest, after, findCopy, copy, before, forget, copiesBefore, forgetCopy;
    private long lastNumber;

    public KeyTable(Database emails, Database ledger)
    {
        find = emails.Prepare("SELECT request_hash, email, at FROM idempotency WHERE key = ?");
        insert = emails.Prepare("INSERT OR REPLACE INTO idempotency (number, key, request_hash, email, at) VALUES (?, ?, ?, ?, ?)");
        highest = emails.Prepare("SELECT max(number) FROM idempotency");
        after = emails.Prepare("SELECT number, key, request_hash, email, at FROM idempotency WHERE number > ? ORDER BY number LIMIT ?");
        findCopy = ledger.Prepare("SELECT request_hash, email, at FROM idempotency WHERE key = ?");
        before = emails.Prepare("SELECT key, request_hash, email, at FROM idempotency WHERE at < ? ORDER BY at LIMIT ?");
        forget = emails.Prepare("DELETE FROM idempotency WHERE key = ?");
        copiesBefore = ledger.Prepare("SELECT key, request_hash, email, at FROM idempotency WHERE at < ? ORDER BY at LIMIT ?");
        forgetCopy = ledger.Prepare("DELETE FROM idempotency WHERE key = ?");
        copy = ledger.Prepare("INSERT OR REPLACE INTO idempotency (key, request_hash, email, at) VALUES (?, ?, ?, ?)");
    }

    /// <summary>The key as it was last seen, or null.</summary>
    public SeenKey? Find(string key)
    {
        var (here, there) = (Find(find, key), Find(findCopy, key));
        return here is null || there?.At > here.At ? there : here;
    }

    /// <summary>Keeps a key with its email.</summary>
    public void Insert(SeenKey key) =>
        insert.Start().With(++lastNumber).With(key.Key.Key).With(key.Key.RequestHash).With(key.Email).With((DateTimeOffset?)key.At).Run();

    /// <summary>Copies a key beside the ledger.</summary>
    /// <returns>The number of the last one there is.</returns>
    public long Copy(SeenKey key)
    {
        copy.Start().With(key.Key.Key).With(key.Key.RequestHash).With(key.Email).With((DateTimeOffset?)key.At).Run();
        return lastNumber;
    }

    /// <summary>Keys that were not copied yet.</summary>
    public List<(long Number, SeenKey Key)> After(long number, int most)
    {
        var found = new List<(long, SeenKey)>();
        after.Start().With(number).With(most);
        while (after.Step()) found.Add((after.Long(), Read(after, after.Text()!)));
        return found;
    }

    /// <summary>Keys that were seen before a moment, here or there.</summary>
    public List<SeenKey> Before(DateTimeOffset moment, int most)
    {
        var found = new Dictionary<string, SeenKey>(StringComparer.Ordinal);
        foreach (var statement in (Statement[])[before, copiesBefore])
        {
            statement.Start().With((DateTimeOffset?)moment).With(most);
            while (statement.Step() && statement.Text() is { } key) found[key] = Read(statement, key);
        }

        // A key whose copy is old may have been used anew since.
        return [.. found.Keys.Select(Find).OfType<SeenKey>().Where(seen => seen.At < moment)];
    }

    /// <summary>Forgets a key, here and there.</summary>
    public void Forget(string key)
    {
        forgetCopy.Start().With(key).Run();
        forget.Start().With(key).Run();
    }

    /// <summary>Looks anew which numbers are given: never one that was copied already, even if an old copy of the emails has come back.</summary>
    public void Load(long copied) => lastNumber = Math.Max(highest.Start().Scalar(), copied);

    private static SeenKey? Find(Statement statement, string key)
    {
        if (!statement.Start().With(key).Step()) return null;
        var seen = Read(statement, key);
        statement.Start();
        return seen;
    }

    private static SeenKey Read(Statement row, string key)
    {
        var hash = row.Text()!;
        var email = row.Id();
        return new(new(key, hash), email, row.Instant());
    }
}
