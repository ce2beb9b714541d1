using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Testing;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Storage;

/// <summary>What every store promises. A kind of store derives from it and says how its world is made.</summary>
public abstract partial class EmailStoreConformance : IAsyncLifetime
{
    private StoreWorld world = null!;
    private IEmailStore store = null!;
    private IWorkerPresence worker = null!;

    /// <summary>A world in which nothing is kept yet.</summary>
    protected abstract StoreWorld CreateWorld();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private ManualTime Time => world.Time;

    public async ValueTask InitializeAsync()
    {
        world = CreateWorld();
        store = world.Open();
        worker = await store.EnterAsync(Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await worker.DisposeAsync();
        await world.DisposeAsync();
    }

    [Fact]
    public async Task What_one_process_schedules_another_finds()
    {
        var email = Given.Email(Time, TimeSpan.FromHours(1)) with { Account = "work", NotAfter = Time.GetUtcNow().AddDays(1), CreatedBy = "ada@engine" };
        var added = await AddAsync(email);
        var found = await world.Open().FindAsync(email.Id, Cancel);
        Given.Words(found!).ShouldBe(Given.Words(added));
        Given.Words(found!).ShouldBe(Given.Words(email));
    }

    [Fact]
    public async Task An_unknown_id_is_not_found()
    {
        (await store.FindAsync(EmailId.New(Time), Cancel)).ShouldBeNull();
        (await store.ChangeAsync(EmailId.New(Time), new EmailChange.Cancel(), Cancel)).ShouldBe(ChangeResult.NotFound);
    }

    [Fact]
    public async Task Emails_are_claimed_in_the_order_of_their_times()
    {
        var later = await AddAsync(Given.Email(Time, TimeSpan.FromMinutes(2)));
        var sooner = await AddAsync(Given.Email(Time, TimeSpan.FromMinutes(1)));
        var never = await AddAsync(Given.Email(Time, TimeSpan.FromMinutes(4)));
        Time.Advance(TimeSpan.FromMinutes(3));
        var claims = await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel);
        claims.Select(claim => claim.Email.Id).ShouldBe([sooner.Id, later.Id]);
        (await store.FindAsync(never.Id, Cancel))!.Status.ShouldBe(EmailStatus.Pending);
    }

    [Fact]
    public async Task Nothing_is_claimed_before_its_time()
    {
        await AddAsync(Given.Email(Time, TimeSpan.FromMinutes(1)));
        (await store.NextDueAsync(Given.Capacity(), Cancel)).ShouldBe(Time.GetUtcNow().AddMinutes(1));
        Time.Advance(TimeSpan.FromMinutes(1) - TimeSpan.FromMilliseconds(1));
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).ShouldBeEmpty();
        Time.Advance(TimeSpan.FromMilliseconds(1));
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task No_more_is_claimed_than_the_accounts_take()
    {
        for (var count = 0; count < 5; count++) await AddAsync(Given.Email(Time));
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(2), Cancel)).Count.ShouldBe(2);
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(9), Cancel)).Count.ShouldBe(3);
    }

    [Fact]
    public async Task An_email_for_an_account_that_cannot_send_holds_nobody_up()
    {
        await AddAsync(Given.Email(Time) with { Account = "broken" });
        var other = await AddAsync(Given.Email(Time, TimeSpan.FromSeconds(1)));
        (await store.NextDueAsync(Given.Capacity(), Cancel)).ShouldBe(other.ScheduledFor);
        Time.Advance(TimeSpan.FromSeconds(1));
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).Single().Email.Id.ShouldBe(other.Id);
        (await store.NextDueAsync(Given.Capacity(), Cancel)).ShouldBeNull();
    }

    [Fact]
    public async Task Rival_workers_claim_different_emails()
    {
        var emails = Enumerable.Range(0, 40).Select(_ => Given.Email(Time)).ToList();
        await store.AddAsync(emails, Cancel);
        var other = world.Open();
        await using var rival = await other.EnterAsync(Cancel);
        var rounds = Enumerable.Range(0, 20).Select(async round => round % 2 == 0
            ? await store.ClaimDueAsync(worker.Id, Given.Capacity(2), Cancel)
            : await other.ClaimDueAsync(rival.Id, Given.Capacity(2), Cancel));
        var claims = (await Task.WhenAll(rounds)).SelectMany(each => each).ToList();
        claims.Count.ShouldBe(40);
        claims.Select(claim => claim.Email.Id).Distinct().Count().ShouldBe(40);
    }

    [Fact]
    public async Task A_delivery_is_recorded_and_final()
    {
        var claim = await ClaimedAsync();
        claim.Attempt.ShouldBe(1);
        claim.Email.Status.ShouldBe(EmailStatus.Sending);
        (await store.BeginAsync(claim, Given.Begin(claim, Time), Cancel)).ShouldBeNull();
        (await store.RecordAsync(claim, Given.Result(claim, Verdict.Delivered, Time), Cancel)).ShouldBeTrue();
        var sent = await store.FindAsync(claim.Email.Id, Cancel);
        sent!.Status.ShouldBe(EmailStatus.Sent);
        sent.SentReply.ShouldBe("250 2.0.0 Ok");
        sent.SentAt.ShouldBe(Time.GetUtcNow());
        sent.Recipients.Single().Status.ShouldBe(RecipientStatus.Delivered);
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).ShouldBeEmpty();
        (await store.NextDueAsync(Given.Capacity(), Cancel)).ShouldBeNull();
    }

    [Fact]
    public async Task A_deferred_email_comes_back_at_its_next_attempt()
    {
        var claim = await ClaimedAsync();
        await store.BeginAsync(claim, Given.Begin(claim, Time), Cancel);
        await store.RecordAsync(claim, Given.Result(claim, Verdict.Deferred, Time), Cancel);
        var deferred = await store.FindAsync(claim.Email.Id, Cancel);
        deferred!.Status.ShouldBe(EmailStatus.Pending);
        var next = await store.NextDueAsync(Given.Capacity(), Cancel);
        next.ShouldBe(deferred.NextAttempt);
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).ShouldBeEmpty();
        Time.Advance(next!.Value - Time.GetUtcNow());
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).Single().Attempt.ShouldBe(2);
    }

    [Fact]
    public async Task An_email_that_came_too_late_for_itself_expires()
    {
        var email = await AddAsync(Given.Email(Time) with { NotAfter = Time.GetUtcNow().AddMinutes(1) });
        Time.Advance(TimeSpan.FromMinutes(1));
        (await store.ExpireAsync(Cancel)).ShouldBeEmpty();
        Time.Advance(TimeSpan.FromMilliseconds(1));
        (await store.NextDueAsync(Given.Capacity(), Cancel)).ShouldBe(email.ScheduledFor);
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).ShouldBeEmpty();
        (await store.ExpireAsync(Cancel)).Single().Id.ShouldBe(email.Id);
        (await store.ExpireAsync(Cancel)).ShouldBeEmpty();
        var expired = await FindAsync(email.Id);
        (expired.Status, expired.Reason).ShouldBe((EmailStatus.Failed, FailureReason.Expired));
    }

    [Fact]
    public async Task The_list_is_what_the_filter_names_soonest_first()
    {
        var second = await AddAsync(Given.Email(Time, TimeSpan.FromHours(2)));
        var first = await AddAsync(Given.Email(Time, TimeSpan.FromHours(1)));
        await store.ChangeAsync((await AddAsync(Given.Email(Time))).Id, new EmailChange.Cancel(), Cancel);
        (await store.ListAsync(new() { Statuses = [EmailStatus.Pending] }, Cancel)).Select(email => email.Id).ShouldBe([first.Id, second.Id]);
        (await store.ListAsync(new(), Cancel)).Count.ShouldBe(3);
    }

    [Fact]
    public async Task Workers_are_known_while_they_live()
    {
        var other = world.Open();
        var second = await other.EnterAsync(Cancel);
        (await store.WorkersAsync(Cancel)).Select(each => each.Id).ShouldBe([worker.Id, second.Id], ignoreOrder: true);
        await world.KillAsync(other, second);
        (await store.WorkersAsync(Cancel)).Select(each => each.Id).ShouldBe([worker.Id]);
    }

    [Fact]
    public async Task Another_process_hears_of_a_change()
    {
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var subscription = world.Open().OnChanged(() => heard.TrySetResult());
        await AddAsync(Given.Email(Time));
        await heard.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
    }

    private async Task<ScheduledEmail> AddAsync(ScheduledEmail email) =>
        (await store.AddAsync([email], Cancel)).Single().ShouldBeOfType<AddResult.Added>().Email;

    private async Task<Claim> ClaimedAsync(params string[] to)
    {
        await AddAsync(Given.Email(Time, default, to));
        return (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).Single();
    }

    private async Task<ScheduledEmail> FindAsync(EmailId id) => (await store.FindAsync(id, Cancel)).ShouldNotBeNull();
}
