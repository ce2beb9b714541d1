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
    private const string Accounts = """
        INSERT INTO main.account SELECT * FROM past.account w WHERE NOT EXISTS (SELECT 1 FROM main.account n WHERE n.name = w.name);
        UPDATE main.account SET settings = w.settings, secret = w.secret, version = account.version + 1
          FROM past.account w WHERE w.name = account.name AND (w.settings <> account.settings OR w.secret IS NOT account.secret);
        """;

    /// <summary>A template that was changed since gets the old words as its newest version: what was saved since stays among its versions.</summary>
    private const string Templates = """
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
        UPDATE main.campaign SET name = w.name, subject = w.subject, template = w.template, html = w.html, text = w.text, account = w.account, cc = w.cc, bcc = w.bcc, version = campaign.version + 1
          FROM past.campaign w WHERE w.id = campaign.id AND campaign.stance = @draft AND w.stance = @draft;
        """;

    private const string Others = """
        INSERT OR IGNORE INTO main.suppression SELECT * FROM past.suppression;
        INSERT OR IGNORE INTO main.send_log SELECT * FROM past.send_log;
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
    public static void Run(string copyPath, string pastPath, string ledgerPath, DateTimeOffset now)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = copyPath, Pooling = false }.ToString());
        connection.Open();
        connection.Execute("PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL; ATTACH @pastPath AS past; ATTACH @ledgerPath AS ledger;", new { pastPath, ledgerPath });
        using var transaction = connection.BeginTransaction(deferred: true);
        var values = new { now = Shared.SqlWords.Of(now), draft = (long)CampaignStance.Draft, released = (long)CampaignStance.Released, paused = (long)CampaignStance.Paused };
        foreach (var sql in (string[])[Accounts, Templates, Campaigns, Others]) connection.Execute(sql, values, transaction);
        transaction.Commit();
    }
}
