namespace Nightmail.Tests.Server.Routes;

/// <summary>The rows of accounts, keys, settings and the server itself.</summary>
internal static class ServerRows
{
    private const string Account = """{"name":"NAME","from":"n@sender.example","transport":{"type":"smtp","host":"127.0.0.1","port":1,"security":"none"}}""";
    private const string NoBackup = "/api/backups/nightmail_2000-01-01T00-00-00Z_00000000.db";

    public static IEnumerable<RouteRow> All => [.. Accounts, .. System, .. Others];

    private static IEnumerable<RouteRow> Accounts =>
    [
        new("createAccount", "/api/accounts", Account.Replace("NAME", "{new}", StringComparison.Ordinal), 201) { Broken = (Account.Replace("NAME", "a b", StringComparison.Ordinal), "name"), Refused = "/api/accounts", RefusedBody = Account.Replace("NAME", "work", StringComparison.Ordinal) },
        new("listAccounts", "/api/accounts"),
        new("orderAccounts", "/api/accounts/order", """{"names":[{accountNames}]}""", 204) { Broken = ("""{"names":["work","nobody"]}""", "names"), NeverRefused = "any order can be given at any time" },
        new("getAccount", "/api/accounts/work") { Unknown = "/api/accounts/none" },
        new("saveAccount", "/api/accounts/{account}", Account.Replace("NAME", "{sameAccount}", StringComparison.Ordinal))
        {
            Broken = ("""{"name":"other","from":"n@sender.example","transport":{"type":"smtp","host":"h"}}""", "name"), Unknown = "/api/accounts/none",
            Refused = "/api/accounts/{account}", RefusedBody = """{"name":"{sameAccount}","from":"n@sender.example","default":true,"transport":{"type":"smtp","host":"h","security":"none"}}""",
        },
        new("deleteAccount", "/api/accounts/{account}", Success: 204) { Unknown = "/api/accounts/none", NeverRefused = "its emails wait for another" },
        new("testAccount", "/api/accounts/{account}/test", "") { Unknown = "/api/accounts/none/test", NeverRefused = "it only looks" },
        new("resetCircuit", "/api/accounts/{failing}/circuit/reset", "") { Unknown = "/api/accounts/none/circuit/reset", Refused = "/api/accounts/{account}/circuit/reset" },
        new("listOpenCircuits", "/api/circuits"),
        new("listStandings", "/api/standings"),
    ];

    private static IEnumerable<RouteRow> System =>
    [
        new("listLogs", "/api/logs?limit=1"),
        new("createKey", "/api/keys", """{"name":"k","scopes":["read"]}""", 201) { Broken = ("""{"name":"k","scopes":["root"]}""", "scopes"), RefusedByKey = true },
        new("listKeys", "/api/keys"),
        new("deleteKey", "/api/keys/{key}", Success: 204) { Unknown = "/api/keys/01900000000070008000000000000000", NeverRefused = "a key can be taken away at any time" },
        new("getSettings", "/api/settings"),
        new("changeSettings", "/api/settings", """{"retry":{"maxAttempts":1}}""") { Broken = ("""{"inDoubt":"forget"}""", "inDoubt"), NeverRefused = "they can be changed at any time; over somebody else's change it is 412" },
        new("stats", "/api/stats"),
        new("workers", "/api/workers"),
        new("pauseSending", "/api/workers/pause", "", 204) { NeverRefused = "a second pause changes nothing" },
        new("resumeSending", "/api/workers/resume", "", 204) { NeverRefused = "resuming what goes changes nothing" },
        new("health", "/api/health"),
        new("events", "/api/events"),
    ];

    /// <summary>Uploads, what is done by the clock, and backups.</summary>
    private static IEnumerable<RouteRow> Others =>
    [
        new("uploadBlob", "/api/blobs", "bytes") { ContentType = "application/octet-stream", NeverBroken = "any bytes can be an attachment", NeverRefused = "the same bytes again change nothing" },
        new("downloadBlob", "/api/blobs/{blob}") { Unknown = $"/api/blobs/{new string('0', 64)}?size=1" },
        new("createLoginLink", "/api/login-links", "", 201) { NeverRefused = "a second link is another one" },
        // With a key, as here, there is no session to show: the tests of the login link see it with one.
        new("getSession", "/api/session", Success: 409),
        new("endAllSessions", "/api/sessions", Success: 204) { NeverRefused = "where there is none, none is left either" },
        new("endSession", "/api/session", Success: 204) { NeverRefused = "where there is none, none is left either" },
        new("listWork", "/api/scheduled-work"),
        new("getWork", "/api/scheduled-work/backup") { Unknown = "/api/scheduled-work/none" },
        new("changeWork", "/api/scheduled-work/backup", """{"schedule":"0 3 * * *"}""") { Broken = ("""{"schedule":"never"}""", "schedule"), Unknown = "/api/scheduled-work/none", NeverRefused = "it can be changed at any time" },
        new("listBackups", "/api/backups"),
        new("createBackup", "/api/backups", "", 201) { RefusedByKey = true },
        new("setBackupSettings", "/api/backups/settings", """{"schedule":"0 2 * * *","retention":7}""") { Broken = ("""{"schedule":"never","retention":7}""", "schedule"), NeverRefused = "they can be changed at any time" },
        new("pruneBackups", "/api/backups/prune", "") { NeverRefused = "what is to stay stays" },
        new("downloadBackup", "/api/backups/{backup}") { Unknown = NoBackup },
        new("verifyBackup", "/api/backups/{backup}/verify", "") { Unknown = NoBackup + "/verify", NeverRefused = "it only looks" },
        new("restoreBackup", "/api/backups/{backup}/restore", "") { Unknown = NoBackup + "/restore", NeverRefused = "only a damaged one is refused: the tests of backups do that" },
        new("deleteBackup", "/api/backups/{backup}", Success: 204) { Unknown = NoBackup, NeverRefused = "only the last good one is refused: the tests of backups do that" },
    ];
}
