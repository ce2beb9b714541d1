using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Storage;

/// <summary>That circuits are kept by the store and shared by all workers.</summary>
public abstract partial class EmailStoreConformance
{
    private static readonly AccountFault Refused = new(AccountFaultReason.Tls, "smtp.example.org:587: the certificate has expired");
    private static readonly AccountFault BadLogin = new(AccountFaultReason.Auth, "535 5.7.8 bad credentials");
    private static readonly AccountFault Busy = new(AccountFaultReason.Network, "smtp.example.org:587, greeting: 421 4.3.2 too busy") { SlowsDown = true };
    private static readonly Account Work = Given.Account;
    private static readonly Account Spare = Given.Account with { Name = "spare", IsDefault = false, StandsInAs = Given.Account.From };

    [Fact]
    public async Task Five_account_failures_in_a_row_open_the_circuit_for_every_worker_and_after_a_restart()
    {
        for (var count = 0; count < 4; count++) await FailAsync(await OneAsync());
        (await StandingAsync(store)).Obstacle.ShouldBe(AccountObstacle.None);

        // The count is in the store: the fifth failure is another process's.
        var restarted = world.Open();
        await FailAsync(await OneAsync(restarted), restarted);
        var open = await StandingAsync(world.Open());
        (open.Obstacle, open.FreeAt).ShouldBe((AccountObstacle.CircuitOpen, Time.GetUtcNow().AddMinutes(5)));
        open.Facts.Circuit.Fault.ShouldBe(Refused);
        open.Facts.Circuit.OpenedAt.ShouldBe(Time.GetUtcNow());
        (await ClaimAsync()).ShouldBeEmpty();
        (await store.NextDueAsync(Given.Capacity(), Cancel)).ShouldBe(open.FreeAt);
    }

    [Fact]
    public async Task A_success_between_them_begins_the_count_anew()
    {
        for (var count = 0; count < 4; count++) await FailAsync(await OneAsync());
        await DeliverAsync(await OneAsync());
        for (var count = 0; count < 4; count++) await FailAsync(await OneAsync());
        (await StandingAsync(store)).Obstacle.ShouldBe(AccountObstacle.None);
        await FailAsync(await OneAsync());
        (await StandingAsync(store)).Obstacle.ShouldBe(AccountObstacle.CircuitOpen);
    }

    [Fact]
    public async Task A_refused_login_opens_it_at_once_and_unknown_recipients_never_do()
    {
        for (var count = 0; count < 10; count++) await RecordAsync(await OneAsync(), Verdict.Bounced, new(550, "5.1.1", "no such user"));
        (await StandingAsync(store)).Facts.Circuit.Failures.ShouldBe(0);
        await FailAsync(await OneAsync(), fault: BadLogin);
        (await StandingAsync(store)).Obstacle.ShouldBe(AccountObstacle.CircuitOpen);
    }

    [Fact]
    public async Task After_the_cooldown_one_email_of_all_workers_probes_and_a_verdict_closes_the_circuit()
    {
        await OpenAsync();
        for (var count = 0; count < 8; count++) await AddAsync(Given.Email(Time));
        Time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromMilliseconds(1));
        (await ClaimAsync()).ShouldBeEmpty();
        Time.Advance(TimeSpan.FromMilliseconds(1));
        var other = world.Open();
        await using var rival = await other.EnterAsync(Cancel);
        var probes = (await ClaimAsync()).Concat(await ClaimAsync(other, rival)).Concat(await ClaimAsync()).ToList();
        var probe = probes.ShouldHaveSingleItem();
        (await StandingAsync(other)).Obstacle.ShouldBe(AccountObstacle.Probing);
        (await store.NextDueAsync(Given.Capacity(), Cancel)).ShouldBeNull("it goes on when the probe has ended");

        await RecordAsync(probe, Verdict.Deferred, new(451, "4.7.1", "greylisted"));
        (await StandingAsync(other)).Obstacle.ShouldBe(AccountObstacle.None);
        (await ClaimAsync(other, rival)).Count.ShouldBe(8);
    }

    [Theory]
    [InlineData("failure")]
    [InlineData("doubt")]
    [InlineData("death")]
    public async Task A_probe_that_fails_in_any_way_opens_it_again_for_twice_as_long_up_to_an_hour(string how)
    {
        await OpenAsync();
        foreach (var minutes in new[] { 10, 20, 40, 60, 60 })
        {
            Time.Advance((await StandingAsync(store)).FreeAt!.Value - Time.GetUtcNow());
            await EndProbeAsync(how);
            var standing = await StandingAsync(store);
            (standing.Obstacle, standing.FreeAt).ShouldBe((AccountObstacle.CircuitOpen, Time.GetUtcNow().AddMinutes(minutes)));
        }
    }

    [Fact]
    public async Task Network_trouble_opens_it_for_fifteen_seconds_doubling_to_two_minutes()
    {
        var network = new AccountFault(AccountFaultReason.Network, "connect smtp.example.org:587: refused");
        for (var count = 0; count < 5; count++) await FailAsync(await OneAsync(), fault: network);
        foreach (var seconds in new[] { 15, 30, 60, 120, 120 })
        {
            (await StandingAsync(store)).FreeAt.ShouldBe(Time.GetUtcNow().AddSeconds(seconds));
            Time.Advance(TimeSpan.FromSeconds(seconds));
            await FailAsync((await ClaimAsync()).ShouldHaveSingleItem(), fault: network);
        }
    }

    [Fact]
    public async Task What_attempts_from_before_the_opening_come_to_changes_nothing()
    {
        var (good, bad) = (await OneAsync(), await OneAsync());
        await OpenAsync();
        var open = (await StandingAsync(store)).Facts.Circuit;
        await DeliverAsync(good);
        await FailAsync(bad);
        (await StandingAsync(store)).Facts.Circuit.ShouldBe(open);

        var late = await ProbeAfterCooldownAsync();
        await store.ResetAccountAsync("work", Cancel);
        await FailAsync(late);
        (await StandingAsync(store)).Obstacle.ShouldBe(AccountObstacle.None, "what was under way at a reset does not count");
    }

    [Fact]
    public async Task A_probe_that_a_person_takes_back_leaves_its_place_to_another()
    {
        await OpenAsync();
        var probe = await ProbeAfterCooldownAsync();
        (await store.ChangeAsync(probe.Email.Id, new EmailChange.Cancel(), Cancel)).Refusal.ShouldBeNull();
        await DeliverAsync((await ClaimAsync()).ShouldHaveSingleItem());
        (await StandingAsync(store)).Obstacle.ShouldBe(AccountObstacle.None);
    }

    [Fact]
    public async Task A_person_closes_it_by_hand()
    {
        (await store.ResetAccountAsync("work", Cancel)).ShouldBeFalse();
        await OpenAsync();
        (await world.Open().ResetAccountAsync("work", Cancel)).ShouldBeTrue();
        (await StandingAsync(store)).Obstacle.ShouldBe(AccountObstacle.None);
        Time.Advance(TimeSpan.FromSeconds(2));
        (await ClaimAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Opening_probing_and_closing_are_told_once()
    {
        var told = new List<(string, CircuitEvent)>();
        using var listening = store.OnAccountChanged(change => told.Add((change.Account, change.Event)));
        await OpenAsync();
        await DeliverAsync(await ProbeAfterCooldownAsync());
        // The last call's return says that what came before it was told.
        await store.SetSendingPausedAsync(true, Cancel);
        told.ShouldBe([("work", CircuitEvent.Opened), ("work", CircuitEvent.Probing), ("work", CircuitEvent.Closed)]);
    }

    [Fact]
    public async Task Ten_refusals_for_policy_over_two_domains_are_the_accounts_fault_and_none_of_the_emails()
    {
        var refused = new List<EmailId>();
        for (var count = 0; count < 10; count++)
        {
            (await StandingAsync(store)).Obstacle.ShouldBe(AccountObstacle.None);
            var claim = await OneAsync(to: $"reader{count}@{(count < 9 ? "one" : "two")}.example");
            await RecordAsync(claim, Verdict.Bounced, new(550, "5.7.1", "not from you"));
            refused.Add(claim.Email.Id);
        }

        var standing = await StandingAsync(store);
        (standing.Obstacle, standing.Facts.Circuit.Fault!.Reason).ShouldBe((AccountObstacle.CircuitOpen, AccountFaultReason.Reputation));
        foreach (var id in refused)
        {
            var email = await FindAsync(id);
            email.Status.ShouldBe(EmailStatus.Pending);
            email.AllRecipients().ShouldAllBe(recipient => recipient.Status == RecipientStatus.Pending);
        }

        // A probe that is refused in the same way is the next in the row; one that is taken ends it.
        var probe = await ProbeAfterCooldownAsync(add: false);
        await RecordAsync(probe, Verdict.Bounced, new(550, "5.7.1", "not from you"));
        (await StandingAsync(store)).Obstacle.ShouldBe(AccountObstacle.CircuitOpen);
        (await FindAsync(probe.Email.Id)).Status.ShouldBe(EmailStatus.Pending);
        await DeliverAsync(await ProbeAfterCooldownAsync(add: false));
        (await ClaimAsync()).Count.ShouldBe(9);
    }

    [Fact]
    public async Task What_was_on_its_way_when_the_sender_turned_out_to_be_distrusted_is_not_failed_either()
    {
        await store.AddAsync([.. Enumerable.Range(0, 14).Select(number => Given.Email(Time, default, $"reader{number}@{(number % 2 == 0 ? "one" : "two")}.example"))], Cancel);
        var claims = await ClaimAsync();
        claims.Count.ShouldBe(14);
        foreach (var claim in claims) await RecordAsync(claim, Verdict.Bounced, new(550, "5.7.1", "not from you"));
        var standing = await StandingAsync(store);
        (standing.Obstacle, standing.Facts.Circuit.Term).ShouldBe((AccountObstacle.CircuitOpen, 1L));
        foreach (var claim in claims) (await FindAsync(claim.Email.Id)).Status.ShouldBe(EmailStatus.Pending);

        // With the ledger: no old copy of the rows fails them again.
        (await store.OverviewAsync(Cancel)).Counts.GetValueOrDefault(EmailStatus.Failed).ShouldBe(0);
        await DeliverAsync(await ProbeAfterCooldownAsync(add: false));
        (await ClaimAsync()).Count.ShouldBe(13);
    }

    [Fact]
    public async Task Refusals_of_one_domain_or_with_another_verdict_between_them_are_the_emails_own()
    {
        for (var count = 0; count < 15; count++) await RecordAsync(await OneAsync(to: $"reader{count}@one.example"), Verdict.Bounced, new(550, "5.7.1", "not from you"));
        await DeliverAsync(await OneAsync());
        for (var count = 0; count < 9; count++) await RecordAsync(await OneAsync(to: $"reader@domain{count}.example"), Verdict.Bounced, new(550, "5.7.1", "not from you"));
        await RecordAsync(await OneAsync(), Verdict.Bounced, new(550, "5.1.1", "no such user"));
        await RecordAsync(await OneAsync(to: "reader@two.example"), Verdict.Bounced, new(550, "5.7.1", "not from you"));
        (await StandingAsync(store)).Obstacle.ShouldBe(AccountObstacle.None);
        (await store.OverviewAsync(Cancel)).Counts[EmailStatus.Failed].ShouldBe(26);
    }

    [Fact]
    public async Task An_email_whose_account_failed_goes_to_another_at_once_and_holds_nobody_up()
    {
        AccountCapacities both = new([(Work, 100), (Spare with { Priority = 2 }, 100)]);
        await AddAsync(Given.Email(Time));
        var first = (await store.ClaimDueAsync(worker.Id, both, Cancel)).ShouldHaveSingleItem();
        first.Account.ShouldBe("work");
        await FailAsync(first, fault: BadLogin);
        (await store.NextDueAsync(both, Cancel)).ShouldBe(first.Email.ScheduledFor);
        var second = (await store.ClaimDueAsync(worker.Id, both, Cancel)).ShouldHaveSingleItem();
        (second.Account, second.Attempt).ShouldBe(("spare", 2));

        // What must go through the broken one waits, with the reason; the others go on.
        var pinned = await AddAsync(Given.Email(Time) with { Account = "work" });
        var free = await AddAsync(Given.Email(Time));
        (await store.ClaimDueAsync(worker.Id, both, Cancel)).ShouldHaveSingleItem().Email.Id.ShouldBe(free.Id);
        (await FindAsync(pinned.Id)).Status.ShouldBe(EmailStatus.Pending);
    }

    [Fact]
    public async Task An_account_whose_server_asks_for_less_sends_fewer_at_once_for_all_workers_and_all_again_with_time()
    {
        var account = Work with { Limits = new() { Connections = 8 } };
        AccountCapacities offer = new([(account, 100)]);
        var told = new List<CircuitEvent>();
        using var listening = store.OnAccountChanged(change => told.Add(change.Event));
        await FailAsync(await OneAsync(), fault: Busy);
        await FailAsync(await OneAsync(), fault: Busy);
        await store.AddAsync([.. Enumerable.Range(0, 30).Select(_ => Given.Email(Time) with { Account = "work" })], Cancel);
        var other = world.Open();
        await using var rival = await other.EnterAsync(Cancel);
        var claims = (await other.ClaimDueAsync(rival.Id, offer, Cancel)).ToList();
        claims.Count.ShouldBe(4, "two complaints at the same time are one");
        (await store.ClaimDueAsync(worker.Id, offer, Cancel)).ShouldBeEmpty();
        (await store.NextDueAsync(offer, Cancel)).ShouldBe(Time.GetUtcNow() + Slowness.Step);
        foreach (var claim in claims) await DeliverAsync(claim, other);

        Time.Advance(TimeSpan.FromSeconds(20));
        await FailAsync((await store.ClaimDueAsync(worker.Id, new([(account, 1)]), Cancel)).Single(), fault: Busy);
        (await world.Open().AccountsAsync([account], Cancel)).Single().Connections.ShouldBe(2);
        foreach (var connections in new[] { 4, 8, 8 })
        {
            Time.Advance(Slowness.Step);
            (await world.Open().AccountsAsync([account], Cancel)).Single().Connections.ShouldBe(connections);
        }

        told.ShouldBe([CircuitEvent.Slowed, CircuitEvent.Slowed]);
    }

    private async Task<IReadOnlyList<Claim>> ClaimAsync(IEmailStore? from = null, IWorkerPresence? by = null) =>
        await (from ?? store).ClaimDueAsync((by ?? worker).Id, Given.Capacity(), Cancel);

    private async Task<Claim> OneAsync(IEmailStore? from = null, string to = "grace@example.net")
    {
        var email = await AddAsync(Given.Email(Time, default, to) with { Account = "work" });
        return (await ClaimAsync(from)).Single(claim => claim.Email.Id == email.Id);
    }

    private async Task OpenAsync()
    {
        var claim = await OneAsync();
        await FailAsync(claim, fault: new(AccountFaultReason.Auth, BadLogin.Words));
    }

    private async Task<Claim> ProbeAfterCooldownAsync(bool add = true)
    {
        if (add) await AddAsync(Given.Email(Time));
        Time.Advance((await StandingAsync(store)).FreeAt!.Value - Time.GetUtcNow());
        return (await ClaimAsync()).ShouldHaveSingleItem();
    }

    private async Task EndProbeAsync(string how)
    {
        if (how == "death")
        {
            var other = world.Open();
            var rival = await other.EnterAsync(Cancel);
            await AddAsync(Given.Email(Time));
            (await ClaimAsync(other, rival)).Count.ShouldBe(1);
            await world.KillAsync(other, rival);
            await store.RescueAsync(DoubtPolicy.Hold, Cancel);
            return;
        }

        await AddAsync(Given.Email(Time));
        var probe = (await ClaimAsync()).ShouldHaveSingleItem();
        if (how == "failure") await FailAsync(probe, fault: BadLogin);
        else await RecordAsync(probe, Verdict.InDoubt, new(0, null, "connection lost"));
    }

    private async Task<AccountStanding> StandingAsync(IEmailStore from) => (await from.AccountsAsync([Work], Cancel)).Single();

    private Task DeliverAsync(Claim claim, IEmailStore? by = null) => RecordAsync(claim, Verdict.Delivered, new(250, "2.0.0", "Ok"), by);

    private async Task RecordAsync(Claim claim, Verdict verdict, Reply reply, IEmailStore? by = null)
    {
        (await (by ?? store).BeginAsync(claim, Given.Begin(claim, Time), Cancel)).ShouldBeNull();
        await EndAsync(claim, DeliveryOutcome.Of(verdict, Open(claim), reply, begun: true), by);
    }

    private Task FailAsync(Claim claim, IEmailStore? by = null, AccountFault? fault = null) => EndAsync(claim, DeliveryOutcome.OfFault(fault ?? Refused, Open(claim)), by);

    private async Task EndAsync(Claim claim, DeliveryOutcome outcome, IEmailStore? by)
    {
        var row = Lifecycle.After(claim.Email, outcome, new(), Time.GetUtcNow(), new Random(1));
        var entry = outcome.Begun ? Given.Outcome(claim, outcome, row, Time) : null;
        await (by ?? store).RecordAsync(claim, new(row, entry) { Account = new(AccountFinding.Of(outcome), new()) }, Cancel);
    }

    private static string[] Open(Claim claim) => [.. claim.Email.AllRecipients().Where(each => each.Status == RecipientStatus.Pending).Select(each => each.Address)];
}
