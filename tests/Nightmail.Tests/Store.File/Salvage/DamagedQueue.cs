using System.Globalization;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Store.File;
using Nightmail.Testing.Store;
using Shouldly;

namespace Nightmail.Tests.Store.File.Salvage;

/// <summary>A queue of twenty emails in every state, made over five days, with all that lies beside it. The same bytes each time.</summary>
/// <param name="Whole">The file.</param>
/// <param name="Files">What lies beside it.</param>
/// <param name="Rows">What is in it.</param>
/// <param name="Age">How long ago it was begun.</param>
internal sealed record DamagedQueue(byte[] Whole, Dictionary<string, byte[]> Files, IReadOnlyList<ScheduledEmail> Rows, TimeSpan Age)
{
    private const string Home = "/home/ada/.config/himalaya";
    private const int Emails = 20;

    /// <summary>So long nobody runs before the accident: by then some of those that wait are overdue.</summary>
    private static readonly TimeSpan Unattended = TimeSpan.FromDays(7);

    public static async Task<DamagedQueue> FillAsync(int backups)
    {
        await using var world = new FakeStoreWorld();
        var random = new Random(backups);
        for (var number = 0; number < Emails; number++)
        {
            // A single backup is an old one: most of what happened it does not know.
            await using var store = world.OpenFile(options => options with { BackupCount = backups == 1 && number > 9 ? 0 : backups });
            await AddAsync(world, store, number, random);
            if (backups > 1 || (backups == 1 && number == 9)) await store.Backups.CreateAsync(default);
            world.Time.Advance(TimeSpan.FromHours(6));
        }

        var rows = await world.Open().ListAsync(new(), default);
        rows.Select(row => row.Status).Distinct().Count().ShouldBe(6);
        var disk = world.Disk.Start();
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var folder in new[] { Home + "/scheduled_emails.ledger", Home + "/scheduled_emails.revisions", Home + "/backups" })
        {
            foreach (var name in disk.List(folder)) files[$"{folder}/{name}"] = world.Disk.Contents($"{folder}/{name}")!;
        }

        files.Keys.Count(path => path.StartsWith(Home + "/backups", StringComparison.Ordinal) && path.EndsWith(".json", StringComparison.Ordinal)).ShouldBe(backups);
        return new(world.Disk.Contents(FakeStoreWorld.Path)!, files, rows, world.Time.Elapsed + Unattended);
    }

    private static async Task AddAsync(FakeStoreWorld world, FileEmailStore store, int number, Random random)
    {
        Verdict? verdict = number == 11 ? Verdict.Bounced : number == 19 ? Verdict.Deferred : number == 17 ? Verdict.InDoubt : number % 3 == 0 ? Verdict.Delivered : null;
        var wait = verdict is null ? TimeSpan.FromDays(10) : TimeSpan.Zero;
        var id = EmailId.Parse(string.Create(CultureInfo.InvariantCulture, $"email_{world.Time.GetUtcNow().ToUnixTimeMilliseconds():x12}7{random.Next(1 << 12):x3}8{random.Next(1 << 12):x3}{random.NextInt64(1L << 48):x12}"));
        var content = new EmailContent { To = [$"reader{number}@example.net", "grace@example.net"], Subject = $"Grüße {number}", Text = "Hello\nworld\n" };
        await store.AddAsync([Given.Email(world.Time, wait) with { Id = id, Content = content }], default);
        if (verdict is { } outcome) await SendAsync(world, store, outcome);
        else if (number % 5 == 0) (await store.ChangeAsync(id, new EmailChange.Cancel(), default)).Done.ShouldBeTrue();
        else if (number == 7) (await store.ChangeAsync(id, new EmailChange.Pause(), default)).Done.ShouldBeTrue();
    }

    private static async Task SendAsync(FakeStoreWorld world, FileEmailStore store, Verdict verdict)
    {
        await using var worker = await store.EnterAsync(default);
        var claim = (await store.ClaimDueAsync(worker.Id, Given.Capacity(), default)).ShouldHaveSingleItem();
        await store.BeginAsync(claim, Given.Begin(claim, world.Time), default);
        await store.RecordAsync(claim, Given.Result(claim, verdict, world.Time), default);
    }
}
