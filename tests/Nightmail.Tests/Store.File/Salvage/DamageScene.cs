using System.Text;
using System.Text.Json;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Store.File.Salvage;
using Nightmail.Testing.Store;
using Shouldly;

namespace Nightmail.Tests.Store.File.Salvage;

/// <summary>Twenty emails with their ledger, their revisions and their backups, to be damaged again and again.</summary>
internal sealed class DamageScene
{
    private const string Stem = "/home/ada/.config/himalaya/scheduled_emails", BackupFolder = "/home/ada/.config/himalaya/backups";
    private readonly Dictionary<string, byte[]> files;
    private readonly Keepsake revisions, ledger;
    private readonly Dictionary<EmailId, ScheduledEmail> rows;
    private readonly Dictionary<EmailId, byte[]> entries;
    private readonly List<string> copies;
    private readonly TimeSpan age;

    private DamageScene(DamagedQueue queue, Keepsake revisions, Keepsake ledger)
    {
        (this.revisions, this.ledger, files, Whole, age) = (revisions, ledger, queue.Files, queue.Whole, queue.Age);
        rows = queue.Rows.ToDictionary(row => row.Id);
        entries = rows.Keys.ToDictionary(id => id, id => EntryOf(Whole, id));
        copies = [.. files.Keys.Where(path => path.StartsWith(BackupFolder, StringComparison.Ordinal) && path.EndsWith(".json", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
    }

    /// <summary>The good file.</summary>
    public byte[] Whole { get; }

    public static async Task<DamageScene> CreateAsync(Keepsake revisions, Keepsake ledger, int backups) => new(await DamagedQueue.FillAsync(backups), revisions, ledger);

    /// <summary>Puts the damaged file in place of the good one, and looks at what a new process makes of it.</summary>
    public async Task CheckAsync(byte[] damaged, int seed, string what)
    {
        await using var world = new FakeStoreWorld();
        world.Time.Advance(age);
        var good = Put(world, new Random(seed));
        world.Disk.Put(FakeStoreWorld.Path, damaged);
        world.Time.Advance(TimeSpan.FromSeconds(4));
        await using var store = world.OpenFile();
        var seen = (await store.ListAsync(new(), default)).ToDictionary(row => row.Id);
        var reports = store.RecoveryReports();
        foreach (var row in rows.Values)
        {
            var intact = damaged.AsSpan().IndexOf(entries[row.Id]) >= 0;
            if (seen.TryGetValue(row.Id, out var now)) CheckState(row, now, intact, $"{what}: {row.Id} was {row.Status} and is {now.Status}");
            else CheckLoss(world, damaged.Length, row, intact, good.Any(copy => copy.AsSpan().IndexOf(Key(row.Id)) >= 0), reports, $"{what}: {row.Id} ({row.Status}, {(intact ? "intact" : "damaged")}) is lost");
        }

        var overview = await store.OverviewAsync(default);
        (overview.Counts.Values.Sum() + overview.Pruned.Values.Sum()).ShouldBe(overview.TotalScheduled, what);
        await store.AddAsync([Given.Email(world.Time, TimeSpan.FromHours(1))], default);
        using var written = Should.NotThrow(() => JsonDocument.Parse(world.Disk.Contents(FakeStoreWorld.Path)!), what);
        written.RootElement.GetProperty("queue").ValueKind.ShouldBe(JsonValueKind.Object, what);
    }

    /// <summary>Nothing that left, or that a person took back, waits to be sent; nothing that waits is held without need.</summary>
    private void CheckState(ScheduledEmail row, ScheduledEmail now, bool intact, string what)
    {
        var isOver = row.Status.IsFinal() || row.Status == EmailStatus.InDoubt;
        if (isOver || row.Status == EmailStatus.Paused) now.Status.ShouldNotBe(EmailStatus.Pending, what);
        if (isOver && ledger == Keepsake.Whole) now.Status.ShouldNotBe(EmailStatus.Paused, what);
        if (row.Status != EmailStatus.Pending || !intact) return;
        if (ledger == Keepsake.Whole && revisions == Keepsake.Whole) now.Status.ShouldBe(EmailStatus.Pending, what);
        // Where a begin has lost its answer with the ledger's bytes, nobody knows.
        if (ledger != Keepsake.Damaged || row.Attempts == 0) new[] { EmailStatus.Pending, EmailStatus.Paused }.ShouldContain(now.Status, what);
        // Of two versions nothing may tell which is the right one; then it is held, and says so.
        if (now is { Status: EmailStatus.Paused, LastError: Settlement.Doubled }) return;
        (now.Content.Subject, now.ScheduledFor).ShouldBe((row.Content.Subject, row.ScheduledFor), what);
    }

    /// <summary>An email may only be gone where somebody deleted it, which a person does by cutting it out of the latest revision, or where nothing was left to make it of; then it is told.</summary>
    private void CheckLoss(FakeStoreWorld world, int damagedLength, ScheduledEmail row, bool intact, bool inBackup, IReadOnlyList<RecoveryReport> reports, string what)
    {
        intact.ShouldBeFalse(what);
        if (row.Status.IsFinal() && revisions != Keepsake.Gone && !inBackup) return;
        if (revisions != Keepsake.Gone && (row.Status.IsFinal() || IsCancelledInLedger(world, row.Id))) return;
        (inBackup || revisions == Keepsake.Whole).ShouldBeFalse(what);
        // An empty file with nothing beside it is a queue that was never begun.
        if (world.Disk.Contents(Stem + ".recovery.json") is null && damagedLength == 0 && ledger == Keepsake.Gone) return;
        reports.ShouldContain(report => report.Gravity == RecoveryGravity.Incomplete, what);
    }

    private bool IsCancelledInLedger(FakeStoreWorld world, EmailId id)
    {
        var disk = world.Disk.Start();
        return disk.List(Stem + ".ledger").Where(name => name.EndsWith(".log", StringComparison.Ordinal))
            .SelectMany(name => Encoding.UTF8.GetString(world.Disk.Contents($"{Stem}.ledger/{name}")!).Split('\n'))
            .Any(line => line.Contains(id.ToString(), StringComparison.Ordinal) && line.Contains("\"kind\":\"cancel\"", StringComparison.Ordinal));
    }

    /// <summary>What lies beside the queue.</summary>
    /// <returns>The backups that are still good.</returns>
    private List<byte[]> Put(FakeStoreWorld world, Random random)
    {
        // Where there are many backups, the accident took the newest along every other time.
        var spoilt = copies.Count > 1 && random.Next(2) == 0 ? copies[^2..] : [];
        foreach (var group in files.GroupBy(file => Path.GetDirectoryName(file.Key)!))
        {
            var fate = group.Key == Stem + ".ledger" ? ledger : group.Key == Stem + ".revisions" ? revisions : Keepsake.Whole;
            if (fate == Keepsake.Gone) continue;
            var victim = fate == Keepsake.Damaged ? group.ElementAt(random.Next(group.Count())).Key : null;
            foreach (var (path, bytes) in group) world.Disk.Put(path, path == victim || spoilt.Contains(path) ? Damaged.Bytes(bytes, random) : bytes);
        }

        return [.. copies.Where(path => world.Disk.Contents(path)!.AsSpan().SequenceEqual(files[path])).Select(path => files[path])];
    }

    private static byte[] Key(EmailId id) => Encoding.UTF8.GetBytes($"\"{id}\": {{");

    private static byte[] EntryOf(byte[] whole, EmailId id)
    {
        var at = whole.AsSpan().IndexOf(Key(id));
        var end = "\n    }"u8;
        return whole.AsSpan(at, whole.AsSpan(at).IndexOf(end) + end.Length).ToArray();
    }
}
