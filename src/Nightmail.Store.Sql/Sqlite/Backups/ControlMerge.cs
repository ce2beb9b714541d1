using Dapper;
using Microsoft.Data.Sqlite;
using Nightmail.Core.Campaigns;

namespace Nightmail.Store.Sql.Sqlite.Backups;

/// <summary>
/// Makes of a backup's control plane and the present one that which a restore leaves. Works on a copy of the present one. What a person
/// has taken back since stays so: a campaign's gate, in the ledger, has the last word on it, and no suppression is lost.
/// </summary>
internal static class ControlMerge
{
    /// <summary>
    /// An account that is gone comes back, another gets its former settings. One that is out of service stays so, and one whose secret was
    /// changed since stays whole: the old secret lets nobody in any more, and the new one belongs to what it was given with. None becomes a
    /// second default.
    /// </summary>
    private const string Accounts = """
        CREATE TEMP TABLE account_then AS
          SELECT w.name AS name, n.name IS NULL AS is_back, CASE WHEN json_extract(n.settings, '$.enabled') = 0 THEN json_set(w.settings, '$.enabled', json('false')) ELSE w.settings END AS settings
          FROM past.account w LEFT JOIN main.account n ON n.name = w.name WHERE n.name IS NULL OR n.secret IS w.secret;
        UPDATE account_then SET settings = json_set(settings, '$.default', json('false'))
          WHERE json_extract(settings, '$.default') = 1 AND EXISTS (SELECT 1 FROM main.account d WHERE d.name <> account_then.name AND json_extract(d.settings, '$.default') = 1);
        DELETE FROM account_then WHERE EXISTS (SELECT 1 FROM main.account n WHERE n.name = account_then.name AND json(n.settings) = json(account_then.settings));
        INSERT INTO main.account SELECT * FROM past.account WHERE name IN (SELECT name FROM account_then WHERE is_back);
        UPDATE main.account SET settings = a.settings, version = account.version + (1 - a.is_back) FROM account_then a WHERE a.name = account.name;
        """;

    /// <summary>A template that was changed since gets the old words as its newest version: what was saved since stays among its versions.</summary>
    private const string Templates = """
        CREATE TEMP TABLE template_back AS SELECT id FROM past.template w WHERE w.taken_name IS NOT NULL AND NOT EXISTS (SELECT 1 FROM main.template n WHERE n.id = w.id AND n.taken_name IS NOT NULL);
        INSERT INTO main.template (id, name, taken_name, newest, created_at)
          SELECT id, name, CASE WHEN EXISTS (SELECT 1 FROM main.template n WHERE n.taken_name = w.taken_name) THEN NULL ELSE taken_name END, newest, created_at
          FROM past.template w WHERE NOT EXISTS (SELECT 1 FROM main.template n WHERE n.id = w.id);
        UPDATE main.template SET name = w.name, taken_name = w.taken_name
          FROM past.template w WHERE w.id = template.id AND template.taken_name IS NULL AND w.taken_name IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM main.template n WHERE n.taken_name = w.taken_name);
        INSERT INTO main.template_version SELECT * FROM past.template_version w
          WHERE NOT EXISTS (SELECT 1 FROM main.template_version n WHERE n.template = w.template AND n.version = w.version);
        CREATE TEMP TABLE changed AS
          SELECT w.id AS id, w.newest AS then_newest, n.newest AS now_newest FROM past.template w JOIN main.template n ON n.id = w.id
            JOIN past.template_version a ON a.template = w.id AND a.version = w.newest JOIN main.template_version b ON b.template = n.id AND b.version = n.newest
          WHERE a.subject <> b.subject OR a.html IS NOT b.html OR a.text IS NOT b.text;
        INSERT INTO main.template_version (template, version, subject, html, text, saved_at)
          SELECT c.id, c.now_newest + 1, v.subject, v.html, v.text, @now FROM changed c JOIN past.template_version v ON v.template = c.id AND v.version = c.then_newest;
        UPDATE main.template SET newest = newest + 1 WHERE id IN (SELECT id FROM changed);
        """;

    /// <summary>
    /// A campaign that is a draft now gets the words it had. One that is gone comes back under its gate; where no gate is known, it is
    /// paused, because nobody knows what a person wanted since.
    /// </summary>
    private const string Campaigns = """
        CREATE TEMP TABLE gate_of AS SELECT 'campaign_' || lower(hex(campaign)) AS id, stance, opens FROM ledger.gate;
        CREATE TEMP TABLE back AS SELECT id FROM past.campaign w WHERE NOT EXISTS (SELECT 1 FROM main.campaign n WHERE n.id = w.id);
        INSERT INTO main.campaign SELECT * FROM past.campaign WHERE id IN (SELECT id FROM back);
        UPDATE main.campaign SET stance = @paused WHERE id IN (SELECT id FROM back) AND stance = @released AND id NOT IN (SELECT id FROM gate_of);
        UPDATE main.campaign SET stance = g.stance, scheduled_for = CASE WHEN g.stance = @released THEN g.opens ELSE scheduled_for END
          FROM gate_of g WHERE g.id = campaign.id AND campaign.id IN (SELECT id FROM back);
        CREATE TEMP TABLE draft_then AS SELECT w.id AS id FROM past.campaign w JOIN main.campaign n ON n.id = w.id WHERE n.stance = @draft AND w.stance = @draft
          AND (w.name, w.subject, w.template, w.html, w.text, w.account, w.cc, w.bcc) IS NOT (n.name, n.subject, n.template, n.html, n.text, n.account, n.cc, n.bcc);
        UPDATE main.campaign SET name = w.name, subject = w.subject, template = w.template, html = w.html, text = w.text, account = w.account, cc = w.cc, bcc = w.bcc, version = campaign.version + 1
          FROM past.campaign w WHERE w.id = campaign.id AND campaign.id IN (SELECT id FROM draft_then);
        """;

    private const string Suppressions = "INSERT OR IGNORE INTO main.suppression SELECT * FROM past.suppression;";

    /// <summary>What is missing in the log, by what it says: after a loss numbers are given a second time.</summary>
    private const string LogRows = """
        CREATE TEMP TABLE log_back AS SELECT * FROM past.send_log w
          WHERE NOT EXISTS (SELECT 1 FROM main.send_log n WHERE n.email = w.email AND n.attempt = w.attempt AND n.recipient = w.recipient AND n.at = w.at);
        """;

    private const string LogAsNumbered = "INSERT INTO main.send_log SELECT * FROM log_back;";

    /// <summary>The log is read and pruned in the order of its numbers, so that they have to follow the time.</summary>
    private const string LogNumberedAnew = """
        CREATE TEMP TABLE log_whole AS SELECT * FROM main.send_log UNION ALL SELECT * FROM log_back;
        DELETE FROM main.send_log;
        UPDATE log_whole SET number = o.place FROM (SELECT rowid AS line, row_number() OVER (ORDER BY at, number) AS place FROM log_whole) o WHERE o.line = log_whole.rowid;
        INSERT INTO main.send_log SELECT * FROM log_whole ORDER BY number;
        """;

    /// <summary>What comes back from a backup.</summary>
    public static readonly string[] Restored = ["account", "template", "template_version", "campaign", "suppression", "send_log"];

    /// <summary>What a restore leaves as it is now: who may come in, how the server is set, which requests were answered and which slots are over.</summary>
    public static readonly string[] Kept = ["api_key", "request_key", "scheduled_work", "setting"];

    /// <summary>Merges.</summary>
    /// <param name="copyPath">The copy of the present control plane; becomes what the restore leaves.</param>
    /// <param name="pastPath">The backup's, brought to the present schema.</param>
    /// <param name="ledgerPath">The ledger, with the gates.</param>
    /// <param name="now">The present.</param>
    /// <returns>What of the present this changes.</returns>
    public static ControlChanges Run(string copyPath, string pastPath, string ledgerPath, DateTimeOffset now)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = copyPath, Pooling = false }.ToString());
        connection.Open();
        connection.Execute("PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL; ATTACH @pastPath AS past; ATTACH @ledgerPath AS ledger;", new { pastPath, ledgerPath });
        using var transaction = connection.BeginTransaction(deferred: true);
        var values = new { now = Shared.SqlWords.Of(now), draft = (long)CampaignStance.Draft, released = (long)CampaignStance.Released, paused = (long)CampaignStance.Paused };
        foreach (var sql in (string[])[Accounts, Templates, Campaigns, Suppressions, LogRows]) connection.Execute(sql, values, transaction);
        var isTaken = connection.ExecuteScalar<bool>("SELECT EXISTS (SELECT 1 FROM log_back w JOIN main.send_log n ON n.number = w.number)", transaction: transaction);
        connection.Execute(isTaken ? LogNumberedAnew : LogAsNumbered, transaction: transaction);
        string[] accounts = [.. connection.Query<string>("SELECT name FROM account_then ORDER BY name", transaction: transaction)];
        var changes = new ControlChanges(
            // One empty list for all, so that reports that say the same are the same.
            accounts.Length == 0 ? Array.Empty<string>() : accounts,
            connection.ExecuteScalar<int>("SELECT count(*) FROM (SELECT id FROM template_back UNION SELECT id FROM changed)", transaction: transaction),
            connection.ExecuteScalar<int>("SELECT count(*) FROM (SELECT id FROM back UNION SELECT id FROM draft_then)", transaction: transaction));
        transaction.Commit();
        return changes;
    }
}

/// <summary>What a restore changes in the control plane.</summary>
/// <param name="Accounts">Accounts that come back or get their former settings.</param>
/// <param name="Templates">How many templates come back or get their former words.</param>
/// <param name="Campaigns">How many campaigns come back or, being drafts, get what they said.</param>
internal sealed record ControlChanges(IReadOnlyList<string> Accounts, int Templates, int Campaigns);
