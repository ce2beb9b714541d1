using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File.Salvage;

/// <summary>A queue of twenty emails, some sent, some cancelled, that is cut, garbled, robbed of a block or given one too many.</summary>
public sealed class DamageTests
{
    private const string Folder = "/home/ada/.config/himalaya/scheduled_emails";
    private const int Emails = 20;

    /// <summary>How many random damages each case gets; <c>NIGHTMAIL_TORTURE_ROUNDS</c> sets another number.</summary>
    private static int Rounds => int.TryParse(Environment.GetEnvironmentVariable("NIGHTMAIL_TORTURE_ROUNDS"), out var rounds) ? rounds * 50 : 200;

    public static TheoryData<bool, bool> Keepsakes => new() { { true, true }, { true, false }, { false, true } };

    [Theory]
    [Trait("Category", "Torture")]
    [MemberData(nameof(Keepsakes))]
    public async Task Every_way_of_cutting_it_off_loses_no_email(bool revisions, bool ledger)
    {
        await using var scene = await Scene.CreateAsync(revisions, ledger);
        // Every place in the full run, every forty-seventh otherwise: each round opens a store.
        var step = Rounds > 1000 ? 1 : 47;
        for (var length = 0; length < scene.Whole.Length; length += step) await scene.CheckAsync(scene.Whole[..length], $"cut at {length}");
    }

    [Theory]
    [Trait("Category", "Torture")]
    [MemberData(nameof(Keepsakes))]
    public async Task Flipped_bytes_and_lost_or_doubled_blocks_lose_no_email_and_bring_nothing_back(bool revisions, bool ledger)
    {
        await using var scene = await Scene.CreateAsync(revisions, ledger);
        for (var seed = 0; seed < Rounds; seed++) await scene.CheckAsync(Damage(scene.Whole, new Random(seed)), $"seed {seed}");
    }

    private static byte[] Damage(byte[] whole, Random random)
    {
        var at = random.Next(whole.Length);
        var count = random.Next(1, Math.Min(2000, whole.Length - at) + 1);
        switch (random.Next(4))
        {
            case 0:
                return [.. whole.AsSpan(0, at), .. whole.AsSpan(at + count)];
            case 1:
                return [.. whole.AsSpan(0, at), .. whole.AsSpan(random.Next(whole.Length - count), count), .. whole.AsSpan(at)];
            default:
                var flipped = whole.ToArray();
                flipped[at] ^= (byte)random.Next(1, 256);
                return flipped;
        }
    }

    private sealed class Scene : IAsyncDisposable
    {
        private readonly FakeStoreWorld world = new();
        private readonly bool hasLedger;
        private readonly bool hasRevisions;
        private readonly Dictionary<string, byte[]> files = new(StringComparer.Ordinal);
        private Dictionary<EmailId, ScheduledEmail> rows = [];

        private Scene(bool revisions, bool ledger) => (hasRevisions, hasLedger) = (revisions, ledger);

        public ValueTask DisposeAsync() => world.DisposeAsync();

        public byte[] Whole { get; private set; } = [];

        public static async Task<Scene> CreateAsync(bool revisions, bool ledger)
        {
            var scene = new Scene(revisions, ledger);
            await scene.FillAsync();
            return scene;
        }

        /// <summary>Puts the damaged file in place of the good one, and looks at what a new process makes of it.</summary>
        public async Task CheckAsync(byte[] damaged, string what)
        {
            // What the round before kept aside would only make the next ones slower.
            world.Disk.Remove("/home/ada/.config/himalaya");
            foreach (var (path, bytes) in files) world.Disk.Put(path, bytes);
            if (!hasRevisions) world.Disk.Remove(Folder + ".revisions");
            if (!hasLedger) world.Disk.Remove(Folder + ".ledger");
            world.Disk.Put(FakeStoreWorld.Path, damaged);
            world.Time.Advance(TimeSpan.FromSeconds(4));
            var store = world.OpenFile();
            var seen = (await store.ListAsync(new(), default)).ToDictionary(row => row.Id);
            foreach (var (id, row) in rows)
            {
                var intact = damaged.AsSpan().IndexOf(EntryOf(id)) >= 0;
                if (!seen.TryGetValue(id, out var now))
                {
                    // Cut out, cleanly, of the latest revision: that is how a person deletes one.
                    if (!intact && row.Status != EmailStatus.Sent) continue;
                    (intact || hasRevisions && row.Status != EmailStatus.Sent).ShouldBeFalse($"{what}: {id} ({row.Status}) is lost");
                    continue;
                }

                if (row.Status is EmailStatus.Sent or EmailStatus.Cancelled) now.Status.ShouldNotBe(EmailStatus.Pending, $"{what}: {id} was {row.Status}");
            }

            await store.AddAsync([Given.Email(world.Time, TimeSpan.FromHours(1))], default);
            await store.DisposeAsync();
            world.Disk.Contents(FakeStoreWorld.Path)!.Length.ShouldBeGreaterThan(0, what);
        }

        private byte[] EntryOf(EmailId id)
        {
            var text = Encoding.UTF8.GetString(Whole);
            var at = text.IndexOf($"\"{id}\": ", StringComparison.Ordinal);
            return Encoding.UTF8.GetBytes(text[at..(text.IndexOf("\n    }", at, StringComparison.Ordinal) + "\n    }".Length)]);
        }

        private async Task FillAsync()
        {
            var store = world.OpenFile();
            var worker = await store.EnterAsync(default);
            for (var count = 0; count < Emails; count++)
            {
                world.Time.Advance(TimeSpan.FromSeconds(1));
                var email = (await store.AddAsync([Given.Email(world.Time, count % 3 == 0 ? TimeSpan.Zero : TimeSpan.FromDays(1))], default)).OfType<AddResult.Added>().Single().Email;
                if (count % 3 == 0)
                {
                    var claim = (await store.ClaimDueAsync(worker.Id, Given.Capacity(), default)).Single();
                    await store.BeginAsync(claim, Given.Begin(claim, world.Time), default);
                    await store.RecordAsync(claim, Given.Result(claim, Verdict.Delivered, world.Time), default);
                }
                else if (count % 5 == 0) await store.ChangeAsync(email.Id, new EmailChange.Cancel(), default);
            }

            rows = (await store.ListAsync(new(), default)).ToDictionary(row => row.Id);
            await worker.DisposeAsync();
            await store.DisposeAsync();
            Whole = world.Disk.Contents(FakeStoreWorld.Path)!;
            var disk = world.Disk.Start();
            foreach (var folder in new[] { Folder + ".ledger", Folder + ".revisions" })
            {
                foreach (var name in disk.List(folder)) files[$"{folder}/{name}"] = world.Disk.Contents($"{folder}/{name}")!;
            }
        }
    }
}
