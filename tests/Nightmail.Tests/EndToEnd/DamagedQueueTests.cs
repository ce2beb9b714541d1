using System.Text;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Smtp;
using Nightmail.Tests.Store.File.Salvage;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>
/// The real program on a queue that was cut off, or lost, doubled or garbled some bytes, with more or less of what could help beside it.
/// <c>./dev torture</c> tries many damages; otherwise a few.
/// </summary>
public sealed class DamagedQueueTests
{
    private static readonly string[] Beside = ["queue.ledger", "queue.revisions", "backups"];
    private static readonly int Damages = int.TryParse(Environment.GetEnvironmentVariable("NIGHTMAIL_TORTURE_ROUNDS"), out var rounds) ? Math.Max(6, rounds / 4) : 6;

    [Theory]
    [Trait("Category", "Torture")]
    [InlineData("queue.ledger queue.revisions backups")]
    [InlineData("queue.ledger backups")]
    [InlineData("queue.ledger")]
    [InlineData("backups")]
    [InlineData("")]
    public async Task No_damage_crashes_it_loses_a_sound_email_or_sends_one_again(string beside)
    {
        await using var sink = await SmtpSink.StartAsync();
        await using var home = Household.WithServer(sink.Port);
        var rows = await FillAsync(home);
        var whole = await File.ReadAllBytesAsync(home.Queue);
        Directory.CreateDirectory(Kept(home));
        foreach (var name in Beside) await CopyAsync(home, Path.Combine(home.Folder, name), Kept(home));
        for (var seed = 0; seed < Damages; seed++)
        {
            var random = new Random(seed);
            var damaged = seed % 3 == 0 ? whole[..random.Next(whole.Length)] : Damaged.Bytes(whole, random);
            await PutAsync(home, damaged, beside);
            var what = $"seed {seed}";
            await CheckListAsync(home, rows, whole, damaged, beside, what);
            var run = await home.RunAsync("run", "--once");
            (run.ExitCode, run.Errors.Contains("Unhandled", StringComparison.Ordinal)).ShouldBe((0, false), $"{what}: {run.Errors}");
            await CheckListAsync(home, rows, whole, damaged, beside, $"{what}, after a pass");
            var readers = sink.Messages().Select(message => message.Recipients.Single()).Where(reader => !Waits(reader)).Order(StringComparer.Ordinal);
            string.Join(' ', readers).ShouldBe("reader0@recipient.example reader1@recipient.example reader2@recipient.example reader3@recipient.example", what);
        }
    }

    /// <summary>Four that were sent, two that were taken back, one that was paused, three that wait; the backup knows all of them as waiting.</summary>
    private static async Task<IReadOnlyList<ScheduledEmail>> FillAsync(Household home)
    {
        var now = TimeProvider.System.GetUtcNow();
        var emails = await home.ScheduleManyAsync(10, number => number < 4 ? now : now.AddDays(1));
        (await home.RunAsync("backup", "create")).ExitCode.ShouldBe(0);
        (await home.RunAsync("run", "--once")).ExitCode.ShouldBe(0);
        await using var store = home.OpenStore();
        foreach (var email in emails.Skip(4).Take(2)) (await store.ChangeAsync(email.Id, new EmailChange.Cancel(), CancellationToken.None)).Done.ShouldBeTrue();
        (await store.ChangeAsync(emails[6].Id, new EmailChange.Pause(), CancellationToken.None)).Done.ShouldBeTrue();
        var rows = await store.ListAsync(new(), CancellationToken.None);
        rows.CountBy(row => row.Status).Select(count => (count.Key, count.Value)).ShouldBe(
            [(EmailStatus.Sent, 4), (EmailStatus.Cancelled, 2), (EmailStatus.Paused, 1), (EmailStatus.Pending, 3)], ignoreOrder: true);
        return rows;
    }

    /// <summary>True for a reader of one of those that wait: a damaged time may bring it forward.</summary>
    private static bool Waits(string reader) => reader[6] is '7' or '8' or '9';

    private static string Kept(Household home) => Path.Combine(home.Folder, "kept");

    private static async Task PutAsync(Household home, byte[] damaged, string beside)
    {
        foreach (var path in Directory.EnumerateFiles(home.Folder, "queue*").Concat(Directory.EnumerateFiles(home.Folder, ".queue*"))) File.Delete(path);
        foreach (var path in Directory.EnumerateDirectories(home.Folder, "queue.*").Append(Path.Combine(home.Folder, "backups")).Where(Directory.Exists)) Directory.Delete(path, recursive: true);
        foreach (var name in beside.Split(' ', StringSplitOptions.RemoveEmptyEntries)) await CopyAsync(home, Path.Combine(Kept(home), name), home.Folder);
        await File.WriteAllBytesAsync(home.Queue, damaged);
        // Nobody is in the middle of writing it.
        File.SetLastWriteTimeUtc(home.Queue, TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(-1));
    }

    private static async Task CopyAsync(Household home, string from, string into) => (await home.StartOther("cp", "-a", from, into).WaitAsync()).ExitCode.ShouldBe(0);

    private static async Task CheckListAsync(Household home, IReadOnlyList<ScheduledEmail> rows, byte[] whole, byte[] damaged, string beside, string what)
    {
        var list = await home.RunAsync("list", "--all", "--json");
        list.ExitCode.ShouldBe(0, $"{what}: {list.Errors}");
        var seen = list.Json().EnumerateArray().ToDictionary(row => row.GetProperty("id").GetString()!, row => row.GetProperty("status").GetString());
        foreach (var row in rows)
        {
            var isSound = damaged.AsSpan().IndexOf(EntryOf(whole, row)) >= 0;
            if (!seen.TryGetValue(row.Id.ToString(), out var status))
            {
                isSound.ShouldBeFalse($"{what}: {row.Id} ({row.Status}) is lost");
                (row.Status == EmailStatus.Pending && beside.Contains("backups", StringComparison.Ordinal)).ShouldBeFalse($"{what}: {row.Id} is lost");
            }
            else if (row.Status != EmailStatus.Pending)
            {
                status.ShouldNotBe("pending", $"{what}: {row.Id} was {row.Status}");
            }
            else if (isSound)
            {
                // Without the ledger nobody can tell that it did not leave: a person decides.
                status.ShouldBeOneOf("pending", beside.Contains("queue.ledger", StringComparison.Ordinal) ? "pending" : "paused");
            }
        }
    }

    private static byte[] EntryOf(byte[] whole, ScheduledEmail row)
    {
        var text = Encoding.UTF8.GetString(whole);
        var from = text.IndexOf($"\"{row.Id}\": {{", StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes(text[from..text.IndexOf("\n    }", from, StringComparison.Ordinal)] + "\n    }");
    }
}
