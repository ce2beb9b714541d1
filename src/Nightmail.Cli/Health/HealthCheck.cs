using System.Globalization;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Store.File.Health;
using Nightmail.Store.File.Salvage;

namespace Nightmail.Cli.Health;

/// <summary>Judges the health of a queue: what is not well, the worst first, each with the next step. Pure.</summary>
internal static class HealthCheck
{
    /// <summary>Due for so long and not gone: a worker would have taken it long before.</summary>
    public static readonly TimeSpan OverdueAfter = TimeSpan.FromMinutes(1);

    /// <summary>Less room than this is nearly none: a hundred changes of a large queue fill it.</summary>
    public const long LittleSpace = 100L * 1024 * 1024;

    private const string Program = "nightmail ";

    /// <summary>So many are named; a list shows the others.</summary>
    private const int MostNamed = 10;

    /// <summary>Words of a server's problems that have a finding of their own here.</summary>
    private static readonly string[] SeenHere = ["no worker runs", "sending is paused", "there is no account", "the circuit of account", "although"];

    /// <summary>All that is not well.</summary>
    /// <param name="facts">What is known.</param>
    /// <param name="command">A command of this program, as it can be pasted.</param>
    public static IReadOnlyList<HealthFinding> Judge(HealthFacts facts, Func<string, string> command) =>
        [.. (facts.File is { } file ? OfFile(facts, file, command).Concat(OfSafety(file, command)) : []).Concat(OfSending(facts, command)).Concat(OfAccounts(facts, command)).Concat(OfServer(facts.Server, command)).OrderByDescending(finding => finding.Gravity)];

    /// <summary>A server says what is wrong and, behind a semicolon, mostly what to do about it. What this command sees for itself it has said already, with a code for programs.</summary>
    private static IEnumerable<HealthFinding> OfServer(ServerFacts? server, Func<string, string> command) =>
        (server?.Problems ?? []).Where(problem => !SeenHere.Any(each => problem.Contains(each, StringComparison.Ordinal))).Select(problem => problem.Split("; ", 2))
        .Select(parts => new HealthFinding("server", Gravity.Degraded, parts[0], parts is [_, var step] ? Pasted(step, command) : "look at the server's log"));

    /// <summary>The command with which a server ends a sentence does not know how the server was named here.</summary>
    private static string Pasted(string step, Func<string, string> command) =>
        step.IndexOf(Program, StringComparison.Ordinal) is >= 0 and var at ? step[..at] + command(step[(at + Program.Length)..]) : step;

    private static IEnumerable<HealthFinding> OfFile(HealthFacts facts, QueueFileFacts file, Func<string, string> command)
    {
        if (!facts.Keeps) yield return new("no_persistence", Gravity.Degraded, "persistence is switched off: nothing is kept", "unset HIMALAYA_NO_PERSISTENCE, or set scheduler.persistence.enabled to true");
        if (file.ReadError is { } unreadable) yield return new("unreadable", Gravity.Broken, unreadable, $"look at the file; {command("backup list")} shows what can be brought back");
        if (file.WriteError is { } unwritable) yield return new("unwritable", Gravity.Broken, $"the queue cannot be changed: {unwritable}", "put that right; nothing is lost meanwhile");
        if (file.Volume is { NetworkName: { } network }) yield return new("network_file_system", Gravity.Degraded, $"the queue lies on another machine ({network}), where locks may mean nothing", "put it on a local disk (--queue)");
        if (file.Volume is { FreeBytes: < LittleSpace and var free }) yield return new("disk_nearly_full", free < file.Size * 3 ? Gravity.Broken : Gravity.Degraded, $"only {Megabytes(free)} are free on the queue's disk", "free some space");
        if (file.Wide.Count > 0) yield return new("wide_permissions", Gravity.Degraded, $"others could use {string.Join(", ", file.Wide)}", $"any worker tightens them: {command("run --once")}");
        foreach (var finding in OfLock(facts, file, command)) yield return finding;
    }

    private static IEnumerable<HealthFinding> OfLock(HealthFacts facts, QueueFileFacts file, Func<string, string> command)
    {
        var held = file.HeldSince is { } since ? facts.Now - since : TimeSpan.Zero;
        if (file.Lock == LockState.Unsynced) yield return new("not_safe_on_disk", Gravity.Broken, $"what {file.Holder} wrote stands but may not be safe on disk", $"see that the disk works; the next change makes it safe: {command("backup create")}");
        if (file.Lock == LockState.Stale) yield return new("stale_lock", Gravity.Degraded, $"the lock was left by {file.Holder}, which holds it no more", $"nothing is blocked; the next change takes it over: {command("backup create")}");
        if (file.Lock == LockState.Held && held > facts.LockTimeout) yield return new("lock_held_long", Gravity.Degraded, $"the lock is held for {TimeWords.Length(held)} by {file.Holder}", "look at that process; when it ends, the lock is free");
    }

    private static IEnumerable<HealthFinding> OfSafety(QueueFileFacts file, Func<string, string> command)
    {
        foreach (var report in file.Recovered)
        {
            var code = report.Gravity switch { RecoveryGravity.Notice => "not_taken", RecoveryGravity.Recovered => "recovered", _ => "incomplete" };
            var kept = report.KeptAs is { } path ? $" (kept as {path})" : "";
            yield return new(code, report.Gravity == RecoveryGravity.Incomplete ? Gravity.Broken : Gravity.Degraded, report.Summary + kept, $"when you have looked at it: {command("health --acknowledge")}");
        }

        if (file.Backups > 0 && file.NewestGoodBackup is null) yield return new("no_good_backup", Gravity.Degraded, $"none of the {Count(file.Backups)} backups is good", $"make one: {command("backup create")}");
        else if (file.NewestBackup != file.NewestGoodBackup) yield return new("damaged_backup", Gravity.Degraded, "the newest backup is damaged", $"make another: {command("backup create")}");
    }

    private static IEnumerable<HealthFinding> OfSending(HealthFacts facts, Func<string, string> command)
    {
        var pending = facts.Pending.Count();
        // A server is there to send; beside a queue file nobody needs to wait for nothing.
        var matters = pending > 0 || facts.Server is not null;
        if (matters && facts.Workers.Count == 0) yield return new("no_worker", Gravity.Degraded, $"nobody is running to send the {Count(pending)} pending", $"start: {(facts.Server is null ? command("run") : Core.Delivery.WhyContext.ServerStarter)}");
        if (matters && facts.SendingPaused) yield return new("sending_paused", Gravity.Degraded, "sending is paused", $"when all is well: {command("resume --all")}");
        if (facts.Overdue is { Count: > 0 } overdue)
            yield return new("overdue", Gravity.Degraded, $"{Count(overdue.Count)} should have left by now, the first {TimeWords.Relative(overdue.Min(email => email.Due) - facts.Now)}", $"see why: {command($"why {overdue.MinBy(email => email.Due)!.Id}")}");
        var held = facts.Emails.Count(Settlement.MayHaveLeft);
        if (held > 0) yield return new("held", Gravity.Degraded, $"{Count(held)} are held because nothing tells whether they have left", $"look: {command("list --status paused")}; cancel what has left, then let the others go: {command("resume --held")}");
        var wrong = facts.Emails.Where(Settlement.MayBeWrong).ToList();
        if (wrong.Count > 0)
            yield return new("held_content", Gravity.Degraded, $"{Count(wrong.Count)} are held because their content may be wrong: {string.Join(", ", wrong.Take(MostNamed).Select(email => email.Id))}{(wrong.Count > MostNamed ? ", …" : "")}", $"look at each: {command($"why {wrong[0].Id}")}; put it right or cancel it, then let it go by its id: {command($"resume {wrong[0].Id}")}");
        var doubtful = facts.Emails.Count(email => email.Status == EmailStatus.InDoubt);
        if (doubtful > 0) yield return new("in_doubt", Gravity.Degraded, $"{Count(doubtful)} may have left and nobody knows", $"look: {command("list --status in_doubt")}; then retry or mark-sent each");
    }

    private static IEnumerable<HealthFinding> OfAccounts(HealthFacts facts, Func<string, string> command)
    {
        // A server that can send nothing is of no use even before somebody has found out.
        if (facts.Accounts.Count == 0 && (facts.Server is not null || facts.Pending.Any())) yield return new("no_account", facts.Pending.Any() ? Gravity.Broken : Gravity.Degraded, "there is no account to send through", facts.Server is null ? "add one to the section \"accounts\" of the configuration" : $"make one: {command("account add")}");
        foreach (var missing in facts.Pending.Select(email => email.Account).OfType<string>().Distinct().Where(name => facts.Accounts.All(standing => standing.Account.Name != name)).Order(StringComparer.Ordinal))
        {
            if (facts.Accounts.Count > 0) yield return new("account_missing", Gravity.Degraded, $"emails wait for the account {missing}, which the configuration does not have", "add it to the section \"accounts\", or edit those emails");
        }

        foreach (var standing in facts.Accounts.Where(standing => standing.Facts.Circuit.IsOpen))
        {
            var circuit = standing.Facts.Circuit;
            var until = standing.Obstacle == AccountObstacle.CircuitOpen && circuit.OpenUntil is { } time ? $" until {time.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z" : "";
            yield return new("circuit_open", Gravity.Degraded, $"account {standing.Account.Name}: circuit open{until}{(circuit.Fault is { } fault ? $" after {fault.Words}" : "")}", $"when it is put right: {command($"account reset {standing.Account.Name}")}");
        }
    }

    private static string Count(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0 / 1024.0:0.#} MB");
}
