using System.Buffers;
using System.Text.Json;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite.Connections;
using Nightmail.Store.Sql.Sqlite.Rows;

namespace Nightmail.Store.Sql.Sqlite.Ledger;

/// <summary>The entries of the ledger, for the one thread that appends them.</summary>
internal sealed class LedgerTable : IDisposable
{
    private readonly ArrayBufferWriter<byte> buffer = new(1024);
    private readonly Utf8JsonWriter json;
    private readonly Statement append, after;
    private readonly EntryReader reader;
    private readonly Database database;

    public LedgerTable(Database database)
    {
        this.database = database;
        json = new(buffer, ContentJson.Options);
        append = database.Prepare("INSERT INTO entry (sequence, email, kind, attempt, step, at, worker, account, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
        after = database.Prepare("SELECT sequence, email FROM entry WHERE sequence > ? ORDER BY sequence LIMIT ?");
        reader = new(database);
    }

    /// <summary>All entries of an email, in order.</summary>
    public List<LedgerEntry> Of(EmailId email) => reader.Of(email);

    /// <summary>The same for many emails at once.</summary>
    public List<List<LedgerEntry>> Of(IReadOnlyList<StoredEmail> emails)
    {
        // Together: otherwise each look would lock the file for itself.
        return emails.Count > 1 ? database.Reading(() => OneByOne(emails)) : OneByOne(emails);
    }

    private List<List<LedgerEntry>> OneByOne(IReadOnlyList<StoredEmail> emails)
    {
        var entries = new List<List<LedgerEntry>>(emails.Count);
        foreach (var email in emails) entries.Add(reader.Of(email.Email.Id));
        return entries;
    }

    /// <summary>Sequences and emails of the entries after one.</summary>
    public List<(long Sequence, EmailId Email)> After(long sequence, int most)
    {
        var found = new List<(long, EmailId)>();
        after.Start().With(sequence).With(most);
        while (after.Step()) found.Add((after.Long(), after.Id()));
        return found;
    }

    /// <summary>Writes an entry.</summary>
    public void Append(LedgerEntry entry)
    {
        append.Start().With(entry.Sequence).With(entry.Email).With((long)entry.Kind).With(entry.Attempt).With(entry.Transaction).With((DateTimeOffset?)entry.At)
            .With(entry.Worker).With(entry.Account);
        if (EntryJson.HasDetail(entry))
        {
            buffer.ResetWrittenCount();
            json.Reset();
            EntryJson.Write(json, entry);
            json.Flush();
            append.With(buffer.WrittenSpan, isText: true);
        }
        else
        {
            append.WithNull();
        }

        append.Run();
    }

    /// <inheritdoc/>
    public void Dispose() => json.Dispose();
}

/// <summary>Reads an email's entries, over whichever connection.</summary>
internal sealed class EntryReader(Database database)
{
    private readonly Statement of = database.Prepare("SELECT sequence, kind, attempt, step, at, worker, account, detail FROM entry WHERE email = ?");

    /// <summary>All entries of an email, in order.</summary>
    public List<LedgerEntry> Of(EmailId email)
    {
        var entries = new List<LedgerEntry>(0);
        of.Start().With(email);
        try
        {
            while (of.Step())
            {
                var entry = new LedgerEntry
                {
                    Email = email,
                    Sequence = of.Long(), Kind = (LedgerKind)of.Int(), Attempt = of.Int(), Transaction = of.Int(), At = of.Instant(), Worker = of.Text(), Account = of.Text(),
                };
                entries.Add(EntryJson.Read(entry, of.Bytes()));
            }
        }
        catch
        {
            // A statement that stopped in its middle would hold the moment it read at, and all that is read after it.
            of.Start();
            throw;
        }

        // The index gives them by attempt.
        entries.Sort((left, right) => left.Sequence.CompareTo(right.Sequence));
        return entries;
    }
}
