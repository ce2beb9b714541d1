using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite.Connections;

namespace Nightmail.Store.Sql.Sqlite.Backups;

/// <summary>
/// Makes of a backup's rows and the present ones those that a restore leaves: what had gone comes back, what something has happened to
/// since stays as it is now, what was scheduled since stays, everything else is as in the backup. Works on a copy of the backup; the
/// present database is only read.
/// </summary>
/// <param name="copy">The copy of the backup, brought to the present schema.</param>
internal sealed class RowMerge(Database copy)
{
    /// <summary>The error of an email that waits for an attachment that is gone.</summary>
    public const string LostAttachment = Settlement.LostAttachment;

    private const string Fates = """
        CREATE TEMP TABLE lane_of AS
          SELECT n.lane AS theirs, m.lane AS ours FROM present.lane n JOIN main.lane m ON m.campaign IS n.campaign AND m.account IS n.account AND m.sender IS n.sender AND m.failed = n.failed;
        CREATE TEMP TABLE fate (ours INTEGER PRIMARY KEY, theirs INTEGER, kind INTEGER NOT NULL);
        INSERT INTO fate
          SELECT w.number, n.number, CASE
            WHEN n.number IS NULL THEN 0
            WHEN {0} OR n.status IN (1, 3, 4, 5, 6) OR n.ledger_last > w.ledger_last OR n.attempts > w.attempts THEN 1
            WHEN n.last_modified IS NOT w.last_modified OR b.text IS NOT a.text OR b.html IS NOT a.html OR b.head IS NOT a.head THEN 2
            ELSE 3 END
          FROM main.email w JOIN main.content a ON a.number = w.number LEFT JOIN present.email n ON n.id = w.id LEFT JOIN present.content b ON b.number = n.number;
        INSERT INTO fate
          SELECT (SELECT coalesce(max(number), 0) FROM main.email) + row_number() OVER (ORDER BY n.number), n.number, 4
          FROM present.email n WHERE NOT EXISTS (SELECT 1 FROM main.email w WHERE w.id = n.id);
        """;

    private const string Lanes = """
        INSERT INTO main.lane (lane, campaign, account, sender, failed)
          SELECT (SELECT coalesce(max(lane), 0) FROM main.lane) + row_number() OVER (ORDER BY n.lane), n.campaign, n.account, n.sender, n.failed FROM present.lane n
          WHERE NOT EXISTS (SELECT 1 FROM main.lane m WHERE m.campaign IS n.campaign AND m.account IS n.account AND m.sender IS n.sender AND m.failed = n.failed);
        """;

    private const string Rows = """
        DELETE FROM main.attachment WHERE number IN (SELECT ours FROM fate WHERE kind = 1);
        INSERT OR REPLACE INTO main.email (number, lane, {0})
          SELECT f.ours, l.ours, {1} FROM fate f JOIN present.email n ON n.number = f.theirs JOIN lane_of l ON l.theirs = n.lane WHERE f.kind IN (1, 4);
        INSERT OR REPLACE INTO main.content (number, text, html, head)
          SELECT f.ours, c.text, c.html, c.head FROM fate f JOIN present.content c ON c.number = f.theirs WHERE f.kind IN (1, 4);
        INSERT OR IGNORE INTO main.attachment (sha256, number)
          SELECT a.sha256, f.ours FROM fate f JOIN present.attachment a ON a.number = f.theirs WHERE f.kind IN (1, 4);
        INSERT OR IGNORE INTO main.campaign_address (campaign, address) SELECT campaign, address FROM present.campaign_address;
        UPDATE main.store SET floor = max(floor, (SELECT coalesce(max(floor), 0) FROM present.store));
        INSERT INTO main.idempotency (number, key, request_hash, email, at)
          SELECT (SELECT coalesce(max(number), 0) FROM main.idempotency) + row_number() OVER (ORDER BY n.number), n.key, n.request_hash, n.email, n.at
          FROM present.idempotency n WHERE NOT EXISTS (SELECT 1 FROM main.idempotency m WHERE m.key = n.key);
        CREATE TEMP TABLE cut AS SELECT id FROM main.email WHERE status = 1 AND number IN (SELECT ours FROM fate WHERE kind IN (0, 2, 3));
        UPDATE main.email SET status = 0, claimed_by = NULL WHERE id IN (SELECT id FROM cut);
        """;

    private const string Counts = """
        CREATE TEMP TABLE gone_then AS SELECT lane, status, pruned FROM main.tally;
        CREATE TEMP TABLE gone_now AS
          SELECT lane, status, max(pruned) AS pruned FROM (SELECT lane, status, pruned FROM gone_then UNION ALL SELECT l.ours, t.status, t.pruned FROM present.tally t JOIN lane_of l ON l.theirs = t.lane)
          GROUP BY lane, status;
        DELETE FROM main.tally;
        INSERT INTO main.tally (lane, status, rows, pruned)
          SELECT lane, status, sum(rows), sum(pruned) FROM (
            SELECT lane, status, count(*) AS rows, 0 AS pruned FROM main.email GROUP BY lane, status UNION ALL SELECT lane, status, 0, pruned FROM gone_now)
          GROUP BY lane, status;
        """;

    /// <summary>What came back is no longer counted as gone: every email counts once.</summary>
    private const string Recount = """
        UPDATE main.tally SET pruned = max(
          coalesce((SELECT g.pruned FROM gone_then g WHERE g.lane = tally.lane AND g.status = tally.status), 0),
          pruned - (SELECT count(*) FROM main.email e JOIN fate f ON f.ours = e.number WHERE f.kind = 0 AND e.lane = tally.lane AND e.status = tally.status))
        WHERE pruned > 0;
        """;

    /// <summary>The tables that this knows: whoever adds one says here what a restore makes of it.</summary>
    public static readonly string[] Tables = ["attachment", "campaign_address", "content", "email", "idempotency", "lane", "store", "tally"];

    /// <summary>Merges.</summary>
    /// <param name="presentPath">The present database.</param>
    /// <param name="ledgerBroken">True: the ledger knows nothing of the backup's rows, so that a row that is there now is the better one.</param>
    /// <param name="hasBlob">Whether an attachment is still kept.</param>
    public void Run(string presentPath, bool ledgerBroken, Func<string, bool> hasBlob)
    {
        using (var attach = copy.Prepare("ATTACH ? AS present")) attach.Start().With(presentPath).Run();
        var columns = Columns();
        copy.Execute("BEGIN");
        copy.Execute(Lanes);
        copy.Execute(Filled(Fates, ledgerBroken ? "1" : "0"));
        copy.Execute(Filled(Rows, string.Join(", ", columns), string.Join(", ", columns.Select(column => $"n.{column}"))));
        HoldWithoutAttachments(hasBlob);
        copy.Execute(Counts);
        copy.Execute("COMMIT");
        copy.Execute("DETACH present");
    }

    /// <summary>Emails that were being sent when the backup was made, and wait here.</summary>
    public List<EmailId> Cut()
    {
        using var cut = copy.Prepare("SELECT id FROM cut");
        var ids = new List<EmailId>();
        for (cut.Start(); cut.Step();) ids.Add(cut.Id());
        return ids;
    }

    /// <summary>Once every row is what it is to be: puts right what counts as gone.</summary>
    public void CountAgain() => copy.Execute(Recount);

    /// <summary>How many emails had that fate: returned, stayed, reverted, the same, newer.</summary>
    public int Count(int kind) => Ask($"SELECT count(*) FROM fate WHERE kind = {kind}");

    /// <summary>How many emails of the backup are paused for a reason that a restore gives.</summary>
    public int Held()
    {
        using var held = copy.Prepare("SELECT count(*) FROM main.email e JOIN fate f ON f.ours = e.number WHERE f.kind IN (0, 2, 3) AND e.status = 2 AND e.last_error IN (?, ?, ?, ?)");
        return (int)held.Start().With(LostAttachment).With(Settlement.LostLedger).With(Settlement.CameBack).With(Settlement.OldCopy).Scalar();
    }

    private int Ask(string sql)
    {
        using var ask = copy.Prepare(sql);
        return (int)ask.Start().Scalar();
    }

    /// <summary>All columns of an email but its number and its lane, whatever a migration has added to them.</summary>
    private List<string> Columns()
    {
        using var columns = copy.Prepare("SELECT name FROM pragma_table_info('email') WHERE name NOT IN ('number', 'lane')");
        var names = new List<string>();
        for (columns.Start(); columns.Step();) names.Add(columns.Text()!);
        return names;
    }

    private void HoldWithoutAttachments(Func<string, bool> hasBlob)
    {
        List<string> missing = [];
        using (var needed = copy.Prepare("SELECT DISTINCT a.sha256 FROM main.attachment a JOIN main.email e ON e.number = a.number WHERE e.status = 0"))
        {
            for (needed.Start(); needed.Step();)
                if (needed.Text() is { } sha256 && !hasBlob(sha256)) missing.Add(sha256);
        }

        using var hold = copy.Prepare("UPDATE main.email SET status = 2, last_error = ? WHERE status = 0 AND number IN (SELECT number FROM main.attachment WHERE sha256 = ?)");
        foreach (var sha256 in missing) hold.Start().With(LostAttachment).With(sha256).Run();
    }

    private static string Filled(string sql, params string[] parts)
    {
        for (var index = 0; index < parts.Length; index++) sql = sql.Replace($"{{{index}}}", parts[index], StringComparison.Ordinal);
        return sql;
    }
}
