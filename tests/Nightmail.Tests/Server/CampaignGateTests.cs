using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Server.Api;
using Nightmail.Server.Campaigns;
using Nightmail.Server.Events;
using Nightmail.Server.Templates;
using Nightmail.Store.Sql;
using Nightmail.Store.Sql.Sqlite;
using Nightmail.Testing;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

/// <summary>A campaign's row and its gate say the same, whoever leaves, races or fails between the two writes.</summary>
public sealed class CampaignGateTests : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("nightmail-gates-").FullName;
    private readonly ManualTime time = new();
    private readonly SqliteEmailStore store;
    private readonly ControlPlane plane;
    private readonly BrokenCampaigns campaigns;
    private readonly CampaignGates gates;
    private readonly CampaignDesk desk;

    public CampaignGateTests()
    {
        store = SqliteEmailStore.Open(new() { Folder = folder }, time);
        plane = ControlPlane.OpenSqlite(folder);
        campaigns = new(plane.Campaigns);
        var meters = new ServerMeters();
        gates = new(campaigns, store.Campaigns);
        desk = new(campaigns, store.Campaigns, store, new(store.Campaigns, plane.Suppressions), plane.Templates, plane.Suppressions, new HandlebarsRenderer(time),
            new(new(time), new(plane.SendLog, time, meters), meters, new()), time, gates);
    }

    private static CancellationToken Cancel => CancellationToken.None;

    public async ValueTask DisposeAsync()
    {
        await plane.DisposeAsync();
        await store.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Whoever_leaves_between_the_two_writes_leaves_no_open_gate_behind()
    {
        var id = await ReleasedAsync();
        using var client = new CancellationTokenSource();
        campaigns.AfterUpdate = client.Cancel;

        await desk.CancelAsync(id, client.Token);

        (await store.Campaigns.GateAsync(id, Cancel)).Stance.ShouldBe(CampaignStance.Cancelled);
        await NothingIsClaimedAsync();
    }

    [Fact]
    public async Task A_gate_is_closed_before_the_row_says_so()
    {
        var id = await ReleasedAsync();
        CampaignGate? seen = null;
        campaigns.BeforeUpdate = () => seen = store.Campaigns.GateAsync(id, Cancel).AsTask().GetAwaiter().GetResult();

        await desk.PauseAsync(id, Cancel);

        seen!.Stance.ShouldBe(CampaignStance.Paused);
        await desk.ResumeAsync(id, Cancel);
        seen.Stance.ShouldBe(CampaignStance.Paused, "it is opened after the row says so");
        (await store.Campaigns.GateAsync(id, Cancel)).Stance.ShouldBe(CampaignStance.Released);
    }

    [Fact]
    public async Task A_cancel_whose_row_cannot_be_written_has_cancelled_nobody()
    {
        var id = await ReleasedAsync();
        campaigns.BeforeUpdate = () => throw new StoreException(StoreTrouble.Unwritable, "the disk is full");

        await Should.ThrowAsync<StoreException>(() => desk.CancelAsync(id, Cancel));

        (await store.Campaigns.FollowGatesAsync(Cancel)).ShouldBe(0);
        (await store.Campaigns.GateAsync(id, Cancel)).Stance.ShouldBe(CampaignStance.Released);
    }

    [Fact]
    public async Task Whoever_asks_again_for_what_the_row_says_already_gets_the_gate_set()
    {
        var id = await ReleasedAsync();
        var row = (await plane.Campaigns.FindAsync(id, Cancel))!;
        // As a death between the two writes of an older program left it.
        await plane.Campaigns.UpdateAsync(row with { Stance = CampaignStance.Paused, Version = row.Version + 1 }, Cancel);

        await Should.ThrowAsync<ApiProblem>(() => desk.PauseAsync(id, Cancel));

        (await store.Campaigns.GateAsync(id, Cancel)).Stance.ShouldBe(CampaignStance.Paused);
    }

    [Fact]
    public async Task A_resume_that_races_a_cancel_ends_cancelled_and_nothing_is_sent()
    {
        for (var round = 0; round < 30; round++)
        {
            var id = await ReleasedAsync();
            await desk.PauseAsync(id, Cancel);
            Task[] racing = [Task.Run(() => RefusedOrDoneAsync(desk.ResumeAsync(id, Cancel)), Cancel), Task.Run(() => desk.CancelAsync(id, Cancel), Cancel)];
            await Task.WhenAll(round % 2 == 0 ? racing : racing.Reverse());

            (await plane.Campaigns.FindAsync(id, Cancel))!.Stance.ShouldBe(CampaignStance.Cancelled);
            (await store.Campaigns.GateAsync(id, Cancel)).Stance.ShouldBe(CampaignStance.Cancelled);
        }

        await NothingIsClaimedAsync();
    }

    [Fact]
    public async Task Gates_that_lie_apart_from_their_rows_are_set_by_the_next_alignment()
    {
        var id = await ReleasedAsync();
        await store.Campaigns.SetGateAsync(id, new(CampaignStance.Paused, time.GetUtcNow()), Cancel);

        await desk.AlignGatesAsync(Cancel);

        (await store.Campaigns.GateAsync(id, Cancel)).Stance.ShouldBe(CampaignStance.Released);
    }

    [Fact]
    public async Task An_import_that_broke_off_keeps_its_campaign_from_being_scheduled_until_the_file_comes_again()
    {
        var draft = await DraftAsync();
        using var client = new CancellationTokenSource();

        await Should.ThrowAsync<OperationCanceledException>(() => desk.AddAsync(draft, BreaksOff(), client.Token));

        (await Should.ThrowAsync<ApiProblem>(() => desk.ScheduleAsync(draft.Id, time.GetUtcNow(), null, false, Cancel))).Message.ShouldBe("its last import did not end: send the file again");
        (await store.Campaigns.GateAsync(draft.Id, Cancel)).Stance.ShouldBe(CampaignStance.Draft);
        (await desk.AddAsync(draft, Many(CampaignDesk.RecipientsAtOnce + 1), Cancel)).ShouldBe(new RecipientTally(1, CampaignDesk.RecipientsAtOnce));
        await desk.ScheduleAsync(draft.Id, time.GetUtcNow(), null, false, Cancel);

        IEnumerable<WordedRecipient> BreaksOff()
        {
            foreach (var recipient in Many(CampaignDesk.RecipientsAtOnce)) yield return recipient;
            client.Cancel();
            yield return Many(CampaignDesk.RecipientsAtOnce + 1)[^1];
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(CampaignDesk.RecipientsAtOnce)]
    [InlineData(2 * CampaignDesk.RecipientsAtOnce)]
    public async Task A_draft_that_is_removed_while_its_recipients_come_in_leaves_none_that_waits(int after)
    {
        var draft = await DraftAsync();

        var import = await Should.ThrowAsync<ApiProblem>(() => desk.AddAsync(draft, RemovedAfter(), Cancel));

        import.Status.ShouldBe(409);
        (await plane.Campaigns.FindAsync(draft.Id, Cancel)).ShouldBeNull();
        while (await store.Campaigns.FollowGatesAsync(Cancel) > 0)
        {
        }

        var counts = await store.Campaigns.CountAsync(draft.Id, Cancel);
        (counts.Open, counts.Cancelled).ShouldBe((0, after));

        IEnumerable<WordedRecipient> RemovedAfter()
        {
            var all = Many(3 * CampaignDesk.RecipientsAtOnce);
            for (var index = 0; index < all.Count; index++)
            {
                if (index == after) desk.RemoveAsync(draft.Id, Cancel).GetAwaiter().GetResult();
                yield return all[index];
            }
        }
    }

    [Fact]
    public async Task An_import_that_begins_while_its_draft_is_removed_leaves_nobody_who_waits()
    {
        var draft = await DraftAsync();
        Task<RecipientTally>? import = null;
        campaigns.BeforeRemove = () => import = desk.AddAsync(draft, Many(3), Cancel);

        await desk.RemoveAsync(draft.Id, Cancel);

        try
        {
            await import!;
        }
        catch (ApiProblem)
        {
            // It came too late.
        }

        await store.Campaigns.FollowGatesAsync(Cancel);
        (await store.Campaigns.CountAsync(draft.Id, Cancel)).Open.ShouldBe(0);
    }

    [Fact]
    public async Task A_campaign_that_is_let_go_takes_no_recipients()
    {
        var id = await ReleasedAsync();
        var late = new ScheduledEmail { Id = EmailId.New(time), Content = new() { To = ["late@x.example"] }, ScheduledFor = time.GetUtcNow(), CreatedAt = time.GetUtcNow(), Campaign = id };

        await Should.ThrowAsync<RecipientsRefusedException>(async () => await store.Campaigns.AddRecipientsAsync(id, [late], Cancel));
        await Should.ThrowAsync<ApiProblem>(async () => await desk.AddAsync((await plane.Campaigns.FindAsync(id, Cancel))!, Many(3), Cancel));

        (await store.Campaigns.CountAsync(id, Cancel)).Total.ShouldBe(2);
    }

    [Fact]
    public async Task Words_that_were_edited_during_the_check_are_not_released_unchecked()
    {
        var draft = await DraftAsync();
        await desk.AddAsync(draft, Many(2), Cancel);
        campaigns.AfterFind = () =>
        {
            campaigns.AfterFind = null;
            plane.Campaigns.UpdateAsync(draft with { Text = "{{lacking}}", Version = 2 }, Cancel).AsTask().GetAwaiter().GetResult().ShouldBeTrue();
        };

        await Should.ThrowAsync<ApiProblem>(() => desk.ScheduleAsync(draft.Id, time.GetUtcNow(), null, false, Cancel));

        (await plane.Campaigns.FindAsync(draft.Id, Cancel))!.Stance.ShouldBe(CampaignStance.Draft);
    }

    private static async Task RefusedOrDoneAsync(Task step)
    {
        try
        {
            await step;
        }
        catch (ApiProblem)
        {
            // It came after the cancel.
        }
    }

    private static List<WordedRecipient> Many(int count) => [.. Enumerable.Range(0, count).Select(number => RecipientReader.Read("recipient", System.Text.Json.JsonDocument.Parse($"\"r{number}@x.example\"").RootElement))];

    private async Task<Campaign> DraftAsync()
    {
        var draft = new Campaign { Id = CampaignId.New(time), Name = "c", Subject = "s", Text = "t", CreatedAt = time.GetUtcNow() };
        await plane.Campaigns.AddAsync(draft, Cancel);
        return draft;
    }

    private async Task<CampaignId> ReleasedAsync()
    {
        var draft = await DraftAsync();
        await desk.AddAsync(draft, Many(2), Cancel);
        await desk.ScheduleAsync(draft.Id, time.GetUtcNow(), null, false, Cancel);
        return draft.Id;
    }

    private async Task NothingIsClaimedAsync()
    {
        await using var worker = await store.EnterAsync(Cancel);
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).ShouldBeEmpty();
    }

    /// <summary>Campaigns in a real database, with something happening around its calls.</summary>
    private sealed class BrokenCampaigns(ICampaignStore inner) : ICampaignStore
    {
        public Action? BeforeUpdate { get; set; }

        public Action? AfterUpdate { get; set; }

        public Action? AfterFind { get; set; }

        public Action? BeforeRemove { get; set; }

        public ValueTask AddAsync(Campaign campaign, CancellationToken cancellationToken) => inner.AddAsync(campaign, cancellationToken);

        public async ValueTask<Campaign?> FindAsync(CampaignId id, CancellationToken cancellationToken)
        {
            var found = await inner.FindAsync(id, cancellationToken);
            AfterFind?.Invoke();
            return found;
        }

        public ValueTask<IReadOnlyList<Campaign>> ListAsync(CampaignId? after, int most, CancellationToken cancellationToken) => inner.ListAsync(after, most, cancellationToken);

        public async ValueTask<bool> UpdateAsync(Campaign campaign, CancellationToken cancellationToken)
        {
            BeforeUpdate?.Invoke();
            var done = await inner.UpdateAsync(campaign, cancellationToken);
            AfterUpdate?.Invoke();
            return done;
        }

        public ValueTask<bool> MarkImportAsync(CampaignId id, bool importing, CancellationToken cancellationToken) => inner.MarkImportAsync(id, importing, cancellationToken);

        public ValueTask<bool> RemoveAsync(CampaignId id, CancellationToken cancellationToken)
        {
            BeforeRemove?.Invoke();
            return inner.RemoveAsync(id, cancellationToken);
        }
    }
}
