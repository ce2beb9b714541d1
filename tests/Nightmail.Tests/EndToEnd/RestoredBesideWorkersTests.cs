using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>Backups are brought back while real workers send.</summary>
public sealed class RestoredBesideWorkersTests
{
    private const int Seed = 20261126;

    [Fact]
    public async Task What_was_cancelled_or_moved_stays_so_and_what_left_does_not_leave_again_whichever_backup_comes_back()
    {
        await using var sink = await SmtpSink.StartAsync();
        await using var home = Household.WithServer(sink.Port);
        var workers = new[] { await home.StartWorkerAsync(), await home.StartWorkerAsync() };
        await using var store = home.OpenStore();
        var random = new Random(Seed);
        var (going, cancelled, moved) = (new List<ScheduledEmail>(), new List<EmailId>(), new List<EmailId>());
        for (var round = 0; round < 8; round++)
        {
            var batch = await home.ScheduleManyAsync(9, number => TimeProvider.System.GetUtcNow() + (number < 5 ? TimeSpan.FromMilliseconds(random.Next(0, 200)) : TimeSpan.FromHours(1)));
            going.AddRange(batch.Take(5));
            await store.Backups.CreateAsync(CancellationToken.None);
            foreach (var email in batch.Skip(5).Take(2))
            {
                (await store.ChangeAsync(email.Id, new EmailChange.Cancel(), CancellationToken.None)).Refusal.ShouldBeNull();
                cancelled.Add(email.Id);
            }

            foreach (var email in batch.Skip(7))
            {
                (await store.ChangeAsync(email.Id, new EmailChange.Reschedule(email.ScheduledFor.AddDays(3), null), CancellationToken.None)).Refusal.ShouldBeNull();
                moved.Add(email.Id);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 200)), TimeProvider.System);
            var backups = await store.Backups.ListAsync(CancellationToken.None);
            (await store.Backups.RestoreAsync(backups[random.Next(backups.Count)].Name, CancellationToken.None)).LedgerBroken.ShouldBeNull();
            foreach (var id in cancelled) (await store.FindAsync(id, CancellationToken.None))!.Status.ShouldBe(EmailStatus.Cancelled, $"round {round}, seed {Seed}");
            await store.SetSendingPausedAsync(false, CancellationToken.None);
        }

        await home.WaitForAsync(rows => rows.Count(row => row.Status == EmailStatus.Sent) == going.Count);
        foreach (var worker in workers) worker.Signal("TERM");
        foreach (var worker in workers) (await worker.WaitAsync()).ExitCode.ShouldBe(0, worker.Errors);
        sink.Messages().Select(message => message.Header("Message-ID")).ShouldBe(going.Select(email => MessageIds.For(email, "sender.example")), ignoreOrder: true);
        foreach (var id in moved) (await store.FindAsync(id, CancellationToken.None))!.ScheduledFor.ShouldBeGreaterThan(TimeProvider.System.GetUtcNow().AddDays(2));
    }

    [Fact]
    public async Task With_the_ledger_deleted_everything_that_comes_back_is_held_and_says_so_until_a_person_lets_it_go()
    {
        await using var sink = await SmtpSink.StartAsync();
        await using var home = Household.WithServer(sink.Port);
        var worker = await home.StartWorkerAsync();
        var sent = await home.ScheduleManyAsync(3, _ => TimeProvider.System.GetUtcNow());
        var waiting = await home.ScheduleManyAsync(4, _ => TimeProvider.System.GetUtcNow().AddHours(1));
        var backup = (await home.RunAsync("backup", "create", "--json")).Json().GetProperty("filename").GetString()!;
        await home.WaitForAsync(rows => rows.Count(row => row.Status == EmailStatus.Sent) == sent.Count);

        Directory.Delete(Path.ChangeExtension(home.Queue, ".ledger"), recursive: true);
        var restored = await home.RunAsync("backup", "restore", backup, "--json");
        restored.ExitCode.ShouldBe(0, restored.Errors);
        restored.Json().GetProperty("ledgerBroken").GetString().ShouldBe("the ledger that stood beside it is gone");
        restored.Errors.ShouldContain("resume --held");
        (await home.RunAsync("resume", "--all")).ExitCode.ShouldBe(0);
        foreach (var email in waiting) (await home.RunAsync("send-now", email.Id.ToString())).ExitCode.ShouldBe(0, "it can be moved, and stays held");
        foreach (var email in await home.ListAsync())
        {
            if (email.GetProperty("status").GetString() == "sent") continue;
            email.GetProperty("status").GetString().ShouldBe("paused");
            email.GetProperty("lastError").GetString().ShouldBe(Settlement.CameBack);
        }

        sink.Messages().Count.ShouldBe(sent.Count);
        (await home.RunAsync("cancel", waiting[0].Id.ToString())).ExitCode.ShouldBe(0);
        (await home.RunAsync("resume", "--held")).ExitCode.ShouldBe(0);
        await home.WaitForAsync(rows => rows.All(row => row.Status is EmailStatus.Sent or EmailStatus.Cancelled));
        worker.Signal("TERM");
        (await worker.WaitAsync()).ExitCode.ShouldBe(0, worker.Errors);
        sink.Messages().Select(message => message.Header("Message-ID")).ShouldBe(sent.Concat(waiting.Skip(1)).Select(email => MessageIds.For(email, "sender.example")), ignoreOrder: true);
    }
}
