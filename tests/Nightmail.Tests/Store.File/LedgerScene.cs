using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.File;
using Nightmail.Testing.Store;
using Shouldly;

namespace Nightmail.Tests.Store.File;

/// <summary>A queue in which emails of every fate have come and gone, and what it was after each step.</summary>
internal sealed class LedgerScene
{
    public const string Home = "/home/ada/.config/himalaya", Ledger = Home + "/scheduled_emails.ledger";

    /// <summary>How often each fate is lived through.</summary>
    public const int Rounds = 4;

    private static readonly string[] Fates = ["sent", "sent in two parts", "cancelled", "cancelled half-way", "failed", "in doubt", "edited and sent", "paused", "pending"];
    private static readonly TimeSpan Retention = TimeSpan.FromDays(7);

    private readonly long segment;

    private LedgerScene(FakeStoreWorld world, long segment) => (World, this.segment) = (world, segment);

    public FakeStoreWorld World { get; }

    /// <summary>The queue file after each step, oldest first.</summary>
    public List<byte[]> Copies { get; } = [];

    /// <summary>Where its backups are kept; null: beside it.</summary>
    public string? Backups { get; set; }

    /// <param name="segment">When a segment of the ledger is full.</param>
    /// <param name="goesOn">False: nothing is sent any more once the emails are old.</param>
    public static async Task<LedgerScene> LiveAsync(long segment, bool goesOn = true)
    {
        var scene = new LedgerScene(new(), segment);
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var fate in Fates) await scene.LiveThroughAsync(fate, $"{fate} {round}");
        }

        await scene.Open().Backups.CreateAsync(default);
        scene.World.Time.Advance(Retention + TimeSpan.FromHours(1));
        if (goesOn) await scene.LiveThroughAsync("sent", "last");
        return scene;
    }

    public FileEmailStore Open() => World.OpenFile(options => options with { LedgerSegment = segment, BackupFolder = Backups });

    /// <summary>The same files on a disk of their own.</summary>
    public LedgerScene Clone(int seed)
    {
        var clone = new LedgerScene(new(seed), segment);
        // A moment later, so that a process there has no name that one here had.
        clone.World.Time.Advance(World.Time.Elapsed + TimeSpan.FromSeconds(1));
        var disk = World.Disk.Start();
        foreach (var folder in new[] { Home, Ledger, Home + "/backups", Home + "/scheduled_emails.revisions" })
        {
            foreach (var path in disk.List(folder).Select(name => $"{folder}/{name}").Where(path => World.Disk.Contents(path) is not null)) clone.World.Disk.Put(path, World.Disk.Contents(path)!);
        }

        return clone;
    }

    public async Task<int> CleanUpAsync()
    {
        await using var store = Open();
        return await store.CleanUpAsync(Retention, default);
    }

    /// <summary>A clean-up that dies before that call.</summary>
    /// <returns>True when it did not come so far.</returns>
    public async Task<bool> DieAsync(long call)
    {
        var store = Open();
        World.SessionOf(store).DiesAtCall = call;
        try
        {
            await store.CleanUpAsync(Retention, default);
            return true;
        }
        catch (ProcessDiedException)
        {
            return false;
        }
    }

    public void PowerLoss() => World.Disk.PowerLoss();

    /// <summary>What becomes of an old copy that somebody puts in the queue's place: a line for each email, with those who would get it.</summary>
    public async Task<string> BringBackAsync(byte[] copy)
    {
        var present = World.Disk.Contents(FakeStoreWorld.Path)!;
        World.RestoreRows(copy);
        World.Time.Advance(TimeSpan.FromSeconds(4));
        await using var store = Open();
        var rows = await store.ListAsync(new(), default);
        World.RestoreRows(present);
        return string.Join('\n', rows.OrderBy(row => row.Content.Subject, StringComparer.Ordinal).Select(row =>
            $"{row.Content.Subject}: {row.Status.Name()} {string.Join(' ', row.AllRecipients().Where(each => row.Status is not (EmailStatus.Sent or EmailStatus.Cancelled)).Select(each => $"{each.Address} {each.Status}"))}"));
    }

    /// <summary>The backup can be restored, and nothing is held for what the ledger lacks.</summary>
    public async Task LacksNothingAsync(string what)
    {
        var scene = Clone(1);
        await using var store = scene.Open();
        var report = await store.Backups.RestoreAsync((await store.Backups.ListAsync(default))[^1].Name, default);
        (report.LedgerBroken, report.Held).ShouldBe((null, 0), what);
    }

    /// <summary>The ledger's segments, rising.</summary>
    public List<string> Segments() => [.. World.Disk.Start().List(Ledger).Where(name => name.EndsWith(".log", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(name => $"{Ledger}/{name}")];

    public long LedgerBytes(string? with = null) => Segments()
        .Select(path => World.Disk.Contents(path)!).Where(bytes => with is null || System.Text.Encoding.UTF8.GetString(bytes).Contains(with, StringComparison.Ordinal)).Sum(bytes => (long)bytes.Length);

    private async Task LiveThroughAsync(string fate, string subject)
    {
        await using var store = Open();
        await using var worker = await store.EnterAsync(default);
        var (first, second) = ("first@example.net", "second@example.net");
        var email = Given.Email(World.Time, fate is "pending" or "paused" ? TimeSpan.FromDays(100) : TimeSpan.Zero, first, second);
        email = email with { Content = email.Content with { Subject = subject } };
        await store.AddAsync([email], default);
        Note();
        switch (fate)
        {
            case "sent":
                await SendAsync(store, worker, Verdict.Delivered);
                break;
            case "sent in two parts":
                await SendAsync(store, worker, Verdict.Deferred, delivered: first);
                World.Time.Advance(TimeSpan.FromHours(1));
                await SendAsync(store, worker, Verdict.Delivered);
                break;
            case "cancelled half-way":
                await SendAsync(store, worker, Verdict.Deferred, delivered: first);
                await ChangeAsync(store, email.Id, new EmailChange.Cancel());
                break;
            case "cancelled":
                await ChangeAsync(store, email.Id, new EmailChange.Cancel());
                break;
            case "failed":
                await SendAsync(store, worker, Verdict.Bounced);
                break;
            case "in doubt":
                await SendAsync(store, worker, Verdict.InDoubt);
                break;
            case "edited and sent":
                await ChangeAsync(store, email.Id, new EmailChange.Edit(email.Content with { Text = "other" }));
                await SendAsync(store, worker, Verdict.Delivered);
                break;
            case "paused":
                await ChangeAsync(store, email.Id, new EmailChange.Pause());
                break;
        }
    }

    private async Task ChangeAsync(FileEmailStore store, EmailId id, EmailChange change)
    {
        (await store.ChangeAsync(id, change, default)).Done.ShouldBeTrue();
        Note();
    }

    private async Task SendAsync(FileEmailStore store, IWorkerPresence worker, Verdict verdict, string? delivered = null)
    {
        var claim = (await store.ClaimDueAsync(worker.Id, Given.Capacity(), default)).ShouldHaveSingleItem();
        Note();
        (await store.BeginAsync(claim, Given.Begin(claim, World.Time), default)).ShouldBeNull();
        Note();
        var result = Given.Result(claim, verdict, World.Time);
        if (delivered is not null)
        {
            var reply = new Reply(250, "2.0.0", "Ok");
            var outcome = new DeliveryOutcome([.. claim.Email.AllRecipients().Select(each => new RecipientOutcome(each.Address, each.Address == delivered ? Verdict.Delivered : verdict, reply))]) { Begun = true };
            var row = Lifecycle.After(claim.Email, outcome, new(), World.Time.GetUtcNow(), new Random(1));
            result = new(row, Given.Outcome(claim, outcome, row, World.Time));
        }

        (await store.RecordAsync(claim, result, default)).ShouldBeTrue();
        Note();
    }

    private void Note() => Copies.Add(World.Disk.Contents(FakeStoreWorld.Path)!);
}
