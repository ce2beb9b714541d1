using Nightmail.Cli.Health;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Health;
using Nightmail.Store.File.Salvage;
using Nightmail.Testing;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Health;

/// <summary>Each state that a queue can be in is told apart, with the next step.</summary>
public sealed class HealthCheckTests
{
    private static readonly ManualTime Time = new();
    private static readonly DateTimeOffset Now = Time.GetUtcNow();
    private static readonly QueueFileFacts File = new() { Path = "/q/queue.json", Exists = true, Size = 1000, Volume = new(1L << 40, 1L << 41, null), Backups = 2, NewestBackup = Now, NewestGoodBackup = Now };
    private static readonly WorkerDescription Worker = new(new("w"), 4711, "hut", Now);
    private static readonly ScheduledEmail Email = Given.Email(Time, TimeSpan.FromHours(1));

    private static HealthFacts Well => new() { Now = Now, File = File, Emails = [Email], Workers = [Worker], Accounts = [Standing(Circuit.Closed)] };

    /// <summary>States, what each is called, how grave it is, and a word of the next step.</summary>
    public static TheoryData<string, string, string, string> States => new()
    {
        { "no worker", "no_worker", "Degraded", "nightmail run" },
        { "stale holder", "stale_lock", "Degraded", "takes it over" },
        { "lock held long", "lock_held_long", "Degraded", "look at that process" },
        { "overdue", "overdue", "Degraded", $"nightmail why {Email.Id}" },
        { "damaged and recovered", "recovered", "Degraded", "nightmail health --acknowledge" },
        { "damaged and not all recovered", "incomplete", "Broken", "nightmail health --acknowledge" },
        { "something not taken", "not_taken", "Degraded", "nightmail health --acknowledge" },
        { "not safe on disk", "not_safe_on_disk", "Broken", "nightmail backup create" },
        { "wide permissions", "wide_permissions", "Degraded", "nightmail run" },
        { "disk nearly full", "disk_nearly_full", "Degraded", "free some space" },
        { "disk full", "disk_nearly_full", "Broken", "free some space" },
        { "open circuit", "circuit_open", "Degraded", "nightmail account reset work" },
        { "account missing", "account_missing", "Degraded", "accounts" },
        { "no account", "no_account", "Broken", "accounts" },
        { "unreadable", "unreadable", "Broken", "nightmail backup list" },
        { "unwritable", "unwritable", "Broken", "put that right" },
        { "network", "network_file_system", "Degraded", "--queue" },
        { "sending paused", "sending_paused", "Degraded", "nightmail resume --all" },
        { "in doubt", "in_doubt", "Degraded", "mark-sent" },
        { "held after a restore", "held", "Degraded", "nightmail resume --held" },
        { "held for its content", "held_content", "Degraded", "nightmail resume email_" },
        { "no good backup", "no_good_backup", "Degraded", "nightmail backup create" },
        { "damaged backup", "damaged_backup", "Degraded", "nightmail backup create" },
        { "in memory only", "no_persistence", "Degraded", "HIMALAYA_NO_PERSISTENCE" },
    };

    [Fact]
    public void Where_all_is_well_nothing_is_said() => HealthCheck.Judge(Well, Command).ShouldBeEmpty();

    [Fact]
    public void A_new_queue_without_emails_is_well_without_a_worker() =>
        HealthCheck.Judge(new() { Now = Now, File = new() { Path = "/q/queue.json" } }, Command).ShouldBeEmpty();

    [Theory]
    [MemberData(nameof(States))]
    public void Each_state_is_told_apart_and_names_the_next_step(string state, string code, string gravity, string next)
    {
        var finding = HealthCheck.Judge(In(state), Command).ShouldHaveSingleItem();
        (finding.Code, finding.Gravity.ToString()).ShouldBe((code, gravity));
        finding.Next.ShouldContain(next);
    }

    [Fact]
    public void The_worst_comes_first()
    {
        var facts = In("no worker") with { File = In("not safe on disk").File };
        HealthCheck.Judge(facts, Command).Select(finding => finding.Code).ShouldBe(["not_safe_on_disk", "no_worker"]);
    }

    [Fact]
    public void A_lock_that_is_held_for_a_moment_is_no_news() =>
        HealthCheck.Judge(Well with { File = File with { Lock = LockState.Held, HeldSince = Now.AddSeconds(-1), Holder = "somebody" } }, Command).ShouldBeEmpty();

    private static HealthFacts In(string state) => state switch
    {
        "no worker" => Well with { Workers = [] },
        "stale holder" => Well with { File = File with { Lock = LockState.Stale, Holder = "process 1" } },
        "lock held long" => Well with { File = File with { Lock = LockState.Held, Holder = "process 1", HeldSince = Now.AddMinutes(-1) } },
        "overdue" => Well with { Emails = [Email with { ScheduledFor = Now.AddMinutes(-2) }] },
        "damaged and recovered" => Reported(RecoveryGravity.Recovered),
        "damaged and not all recovered" => Reported(RecoveryGravity.Incomplete),
        "something not taken" => Reported(RecoveryGravity.Notice),
        "not safe on disk" => Well with { File = File with { Lock = LockState.Unsynced, Holder = "process 1" } },
        "wide permissions" => Well with { File = File with { Wide = ["/q/queue.json (0644)"] } },
        "disk nearly full" => Well with { File = File with { Volume = new(50L << 20, 1L << 41, null) } },
        "disk full" => Well with { File = File with { Volume = new(2000, 1L << 41, null) } },
        "open circuit" => Well with { Accounts = [Standing(new Circuit { OpenUntil = Now.AddMinutes(5), Fault = new(AccountFaultReason.Auth, "535 no") })] },
        "account missing" => Well with { Emails = [Email with { Account = "gone" }] },
        "no account" => Well with { Accounts = [] },
        "unreadable" => Well with { File = File with { ReadError = "cannot read" } },
        "unwritable" => Well with { File = File with { WriteError = "cannot write" } },
        "network" => Well with { File = File with { Volume = new(1L << 40, 1L << 41, "nfs") } },
        "sending paused" => Well with { SendingPaused = true },
        "in doubt" => Well with { Emails = [Email, Email with { Status = EmailStatus.InDoubt }] },
        "held after a restore" => Well with { Emails = [Email, Email with { Status = EmailStatus.Paused, LastError = Settlement.CameBack }] },
        "held for its content" => Well with { Emails = [Email, Email with { Status = EmailStatus.Paused, LastError = Settlement.OldCopy }] },
        "no good backup" => Well with { File = File with { NewestGoodBackup = null } },
        "damaged backup" => Well with { File = File with { NewestGoodBackup = Now.AddHours(-1) } },
        "in memory only" => Well with { Keeps = false },
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, null),
    };

    private static HealthFacts Reported(RecoveryGravity gravity) => Well with { File = File with { Recovered = [new() { At = Now, Gravity = gravity, Summary = "the file was cut off" }] } };

    private static AccountStanding Standing(Circuit circuit) => AccountStanding.Of(Given.Account, AccountFacts.None with { Circuit = circuit }, 1, Now);

    private static string Command(string words) => $"nightmail {words}";
}
