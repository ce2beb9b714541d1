using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite.Connections;

namespace Nightmail.Store.Sql.Sqlite.Rows;

/// <summary>The rows of emails, for the one thread that writes them.</summary>
internal sealed class EmailTable : IDisposable
{
    private const string State = """
        status = ?, lane = ?, due = ?, not_after = ?, scheduled_for = ?, next_attempt = ?, last_modified = ?, attempts = ?, ledger_last = ?,
        reason = ?, claimed_by = ?, last_account = ?, last_attempt = ?, lost_claims = ?, deferrals = ?, account_failures = ?, failed_accounts = ?, retried_at = ?, sent_at = ?,
        sent_reply = ?, last_error = ?, date = ?, frozen_from = ?, wish = ?, wish_rules = ?, recipients = ?
        """;

    private readonly LaneBook lanes;
    private readonly ArrayBufferWriter<byte> buffer = new(1024);
    private readonly Utf8JsonWriter json;
    private readonly Statement find, findNumber, has, insert, update, insertContent, updateContent, sending, inDoubt, due, nextDue, expired, highest, insertBlob, deleteBlobs, needsBlob, deleteContent, delete, final, head, expiry, wished, updateRules;
    private long lastNumber;

    public EmailTable(Database database, LaneBook lanes)
    {
        this.lanes = lanes;
        json = new(buffer, ContentJson.Options);
        find = database.Prepare($"{RowReader.Select} WHERE e.id = ?");
        findNumber = database.Prepare($"{RowReader.Select} WHERE e.number = ?");
        has = database.Prepare("SELECT 1 FROM email WHERE id = ?");
        insert = database.Prepare("""
            INSERT INTO email (status, lane, due, not_after, scheduled_for, next_attempt, last_modified, attempts, ledger_last,
              reason, claimed_by, last_account, last_attempt, lost_claims, deferrals, account_failures, failed_accounts, retried_at, sent_at,
              sent_reply, last_error, date, frozen_from, wish, wish_rules, recipients, number, id, created_at, message_id, created_by, idempotency_key, request_hash, campaign, variables)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """);
        update = database.Prepare($"UPDATE email SET {State} WHERE number = ?");
        insertContent = database.Prepare("INSERT INTO content (text, html, head, number) VALUES (?, ?, ?, ?)");
        updateContent = database.Prepare("UPDATE content SET text = ?, html = ?, head = ? WHERE number = ?");
        // The literals are what lets SQLite use the partial indexes.
        sending = database.Prepare("SELECT id FROM email WHERE status = 1 ORDER BY number LIMIT ?");
        inDoubt = database.Prepare("SELECT id FROM email WHERE status = 6 AND number > ? ORDER BY number LIMIT ?");
        due = database.Prepare("SELECT due, number FROM email WHERE status = 0 AND lane = ? AND (due, number) > (?, ?) AND due <= ? ORDER BY due, number LIMIT ?");
        nextDue = database.Prepare($"{RowReader.Select} WHERE e.status = 0 AND e.lane = ? AND (e.due, e.number) > (?, ?) AND e.due <= ? ORDER BY e.due, e.number LIMIT ?");
        expired = database.Prepare("SELECT id FROM email WHERE status = 0 AND not_after < ? ORDER BY not_after LIMIT ?");
        insertBlob = database.Prepare("INSERT OR IGNORE INTO attachment (sha256, number) VALUES (?, ?)");
        deleteBlobs = database.Prepare("DELETE FROM attachment WHERE number = ?");
        needsBlob = database.Prepare("SELECT 1 FROM attachment WHERE sha256 = ? LIMIT 1");
        deleteContent = database.Prepare("DELETE FROM content WHERE number = ?");
        delete = database.Prepare("DELETE FROM email WHERE number = ?");
        final = database.Prepare("SELECT id FROM email WHERE status IN (3, 4, 5) AND last_modified < ? ORDER BY last_modified LIMIT ?");
        head = database.Prepare("SELECT due FROM email WHERE status = 0 AND lane = ? ORDER BY due LIMIT 1");
        expiry = database.Prepare("SELECT min(not_after) FROM email WHERE status = 0 AND not_after IS NOT NULL");
        wished = database.Prepare("""
            SELECT wish_rules, number, scheduled_for, wish FROM email
            WHERE status IN (0, 2) AND wish_rules IS NOT NULL AND attempts = 0 AND (wish_rules, number) > (?, ?) ORDER BY wish_rules, number LIMIT ?
            """);
        updateRules = database.Prepare("UPDATE email SET wish_rules = ? WHERE number = ?");
        highest = database.Prepare("SELECT max(number) FROM email");
        Load();
    }

    /// <summary>The email, or null when there is none.</summary>
    public StoredEmail? Find(EmailId id)
    {
        if (!find.Start().With(id).Step()) return null;
        var found = RowReader.Read(find, lanes);
        find.Start();
        return found;
    }

    /// <summary>The email of a number that is given.</summary>
    public StoredEmail Find(long number)
    {
        if (!findNumber.Start().With(number).Step()) throw new InvalidOperationException($"no email has the number {number}");
        var found = RowReader.Read(findNumber, lanes);
        findNumber.Start();
        return found;
    }

    /// <summary>True when there is an email of that id.</summary>
    public bool Has(EmailId id) => has.Start().With(id).Scalar() == 1;

    /// <summary>Writes a new row.</summary>
    /// <returns>Its number.</returns>
    public long Insert(ScheduledEmail email)
    {
        var number = ++lastNumber;
        WithState(insert.Start(), email).With(number).With(email.Id).With((DateTimeOffset?)email.CreatedAt).With(email.MessageId).With(email.CreatedBy)
            .With(email.IdempotencyKey?.Key).With(email.IdempotencyKey?.RequestHash).With(email.Campaign).With(email.Variables).Run();
        WithContent(insertContent.Start(), email.Content).With(number).Run();
        InsertBlobs(number, email.Content);
        return number;
    }

    /// <summary>Writes how far it is.</summary>
    public void Update(long number, ScheduledEmail email) => WithState(update.Start(), email).With(number).Run();

    /// <summary>Writes what it says.</summary>
    public void UpdateContent(long number, EmailContent content)
    {
        WithContent(updateContent.Start(), content).With(number).Run();
        deleteBlobs.Start().With(number).Run();
        InsertBlobs(number, content);
    }

    /// <summary>Takes an email out.</summary>
    public void Delete(long number)
    {
        deleteBlobs.Start().With(number).Run();
        deleteContent.Start().With(number).Run();
        delete.Start().With(number).Run();
    }

    /// <summary>Final emails that have not changed since before a moment, the oldest first.</summary>
    public List<EmailId> Final(DateTimeOffset before, int most) => Ids(final.Start().With((DateTimeOffset?)before).With(most));

    /// <summary>True when an email needs the file of that hash.</summary>
    public bool NeedsBlob(string sha256) => needsBlob.Start().With(sha256).Scalar() == 1;

    /// <summary>The emails that are being sent.</summary>
    public List<EmailId> Sending(int most) => Ids(sending.Start().With(most));

    /// <summary>Doubtful emails.</summary>
    public List<EmailId> InDoubt(int most) => Ids(inDoubt.Start().With(0L).With(most));

    /// <summary>Pending emails whose last moment has passed, the longest ago first.</summary>
    public List<EmailId> Expired(DateTimeOffset now, int most) => Ids(expired.Start().With((DateTimeOffset?)now).With(most));

    /// <summary>The next emails of a lane that are due, after one that was looked at.</summary>
    public void Due(List<DueEmail> found, long lane, DueEmail after, DateTimeOffset now, int most)
    {
        due.Start().With(lane).With(after.Due).With(after.Number).With((DateTimeOffset?)now).With(most);
        while (due.Step()) found.Add(new(due.Long(), due.Long()));
    }

    /// <summary>The same, with all that there is of them.</summary>
    public List<StoredEmail> NextDue(List<DueEmail> found, long lane, DueEmail after, DateTimeOffset now, int most)
    {
        var emails = new List<StoredEmail>();
        nextDue.Start().With(lane).With(after.Due).With(after.Number).With((DateTimeOffset?)now).With(most);
        while (nextDue.Step())
        {
            var read = RowReader.Read(nextDue, lanes);
            emails.Add(read);
            found.Add(PlaceOf(read.Number, read.Email));
        }

        return emails;
    }

    /// <summary>Where an email stands in its lane.</summary>
    public static DueEmail PlaceOf(long number, ScheduledEmail email) => new(Instants.ToTicks(EarliestDue(email)), number);

    /// <summary>Waiting emails with a wish, by the rules that resolved it, after one that was looked at.</summary>
    public List<WishedEmail> Wished(WishedEmail after, int most)
    {
        var found = new List<WishedEmail>();
        wished.Start().With(after.Rules).With(after.Number).With(most);
        while (wished.Step()) found.Add(new(wished.Text()!, wished.Long(), wished.Instant(), WishJson.Read(wished.Bytes())));
        return found;
    }

    /// <summary>Notes that a wish was looked at by these rules, and that they left its email where it is.</summary>
    public void UpdateRules(long number, string rules) => updateRules.Start().With(rules).With(number).Run();

    /// <summary>When the first of a lane's pending emails is due; null: it has none.</summary>
    public DateTimeOffset? Head(long lane)
    {
        DateTimeOffset? due = head.Start().With(lane).Step() ? head.Instant() : null;
        head.Start();
        return due;
    }

    /// <summary>When the next pending email expires; null: none does.</summary>
    public DateTimeOffset? NextExpiry()
    {
        // Expiry is strictly after the last moment. What is wanted until the end of time does not expire.
        var last = expiry.Start().Step() ? expiry.InstantOrNull() : null;
        expiry.Start();
        return last < DateTimeOffset.MaxValue ? last.Value.AddTicks(1) : null;
    }

    /// <summary>Looks anew which numbers are given.</summary>
    public void Load() => lastNumber = highest.Start().Scalar();

    /// <inheritdoc/>
    public void Dispose() => json.Dispose();

    /// <summary>When any account may take it: the wait after an account's failure concerns only those that failed.</summary>
    private static DateTimeOffset EarliestDue(ScheduledEmail email) => email.FailedAccounts.Count > 0 ? email.ScheduledFor : email.Due;

    private void InsertBlobs(long number, EmailContent content)
    {
        foreach (var attachment in content.Attachments) insertBlob.Start().With(attachment.Blob.Sha256).With(number).Run();
        if (content.Eml is { } eml) insertBlob.Start().With(eml.Sha256).With(number).Run();
    }

    private static List<EmailId> Ids(Statement statement)
    {
        var ids = new List<EmailId>();
        while (statement.Step()) ids.Add(statement.Id());
        return ids;
    }

    private Statement WithState(Statement statement, ScheduledEmail email)
    {
        statement.With((long)email.Status).With(lanes.Of(email)).With((DateTimeOffset?)EarliestDue(email)).With(email.NotAfter).With((DateTimeOffset?)email.ScheduledFor).With(email.NextAttempt)
            .With((DateTimeOffset?)email.LastModified).With(email.Attempts).With(email.LedgerLast).With((long?)email.Reason).With(email.ClaimedBy).With(email.LastAccount)
            .With(email.LastAttempt).With(email.LostClaims).With(email.Deferrals).With(email.AccountFailures).With(ContentJson.Accounts(email.FailedAccounts)).With(email.RetriedAt).With(email.SentAt)
            .With(email.SentReply).With(email.LastError).With(email.Date).With(email.FrozenFrom);
        if (email.Wish is { } wish)
        {
            WishJson.Write(Json(), wish);
            statement.With(Written(), isText: true).With(wish.RulesVersion);
        }
        else
        {
            statement.WithNull().WithNull();
        }

        if (email.Recipients.Count == 0) return statement.WithNull();
        ContentJson.WriteRecipients(Json(), email.Recipients);
        return statement.With(Written(), isText: true);
    }

    private Statement WithContent(Statement statement, EmailContent content)
    {
        ContentJson.WriteHead(Json(), content);
        return statement.With(content.Text).With(content.Html).With(Written(), isText: true);
    }

    /// <summary>The one writer of JSON, anew.</summary>
    private Utf8JsonWriter Json()
    {
        buffer.ResetWrittenCount();
        json.Reset();
        return json;
    }

    private ReadOnlySpan<byte> Written()
    {
        json.Flush();
        return buffer.WrittenSpan;
    }
}

/// <summary>A waiting email that was never tried, and its wish.</summary>
internal sealed record WishedEmail(string Rules, long Number, DateTimeOffset ScheduledFor, Wish? Wish)
{
    /// <summary>Before all of them.</summary>
    public static WishedEmail First { get; } = new("", 0, default, null);
}

/// <summary>Where an email stands in its lane: due then, and among those due together in the order they were scheduled.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct DueEmail(long Due, long Number)
{
    /// <summary>True when it comes later: by time, then in the order they were scheduled.</summary>
    public bool IsAfter(DueEmail other) => Due > other.Due || (Due == other.Due && Number > other.Number);

    /// <summary>Before all of them.</summary>
    public static DueEmail First { get; } = new(long.MinValue, 0);
}
