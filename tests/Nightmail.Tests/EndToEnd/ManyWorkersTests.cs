using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>Several real workers on one queue file, with and without being killed.</summary>
public sealed class ManyWorkersTests
{
    private const int Connections = 4;
    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    public async Task Workers_on_one_file_send_each_email_exactly_once(int workers)
    {
        await using var sink = await SmtpSink.StartAsync();
        await using var home = Household.WithServer(sink.Port, Connections);
        var emails = await home.ScheduleManyAsync(500, _ => Now);

        var running = Enumerable.Range(0, workers).Select(_ => home.Start("run", "--until-empty")).ToList();
        foreach (var worker in running) (await worker.WaitAsync()).ExitCode.ShouldBe(0, worker.Errors);

        Sent(sink.Messages()).ShouldBe(emails.Select(MessageId), ignoreOrder: true);
        await home.WaitForAsync(rows => rows.Count == 500 && rows.All(row => row.Status == EmailStatus.Sent));
    }

    [Fact]
    [Trait("Category", "Torture")]
    public async Task Killed_workers_lose_nothing_and_double_nothing()
    {
        var kills = int.TryParse(Environment.GetEnvironmentVariable("NIGHTMAIL_TORTURE_ROUNDS"), out var rounds) ? rounds : 50;
        const int Seed = 20261123;
        var random = new Random(Seed);
        await using var sink = await SmtpSink.StartAsync();
        await using var home = Household.WithServer(sink.Port, Connections);
        var workers = new List<NightmailProgram>();
        for (var number = 0; number < 3; number++) workers.Add(await home.StartWorkerAsync());

        var scheduled = new List<ScheduledEmail>();
        for (var kill = 0; kill < kills; kill++)
        {
            // Enough to be at work on whenever the kill comes.
            scheduled.AddRange(await home.ScheduleManyAsync(12, _ => Now + TimeSpan.FromMilliseconds(random.Next(0, 400))));
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 300)), TimeProvider.System);
            var victim = random.Next(workers.Count);
            workers[victim].Signal("KILL");
            await workers[victim].WaitAsync();
            workers[victim] = home.Start("run");
        }

        // An email that lost two workers in a row waits, or is paused, in case it kills them; a person who knows better sends it now.
        await home.WaitForAsync(rows => rows.Count == scheduled.Count && rows.All(row => row.Status is EmailStatus.Sent or EmailStatus.InDoubt || IsSuspected(row)));
        await SendSuspectedAsync(home);
        await home.WaitForAsync(rows => rows.Count == scheduled.Count && rows.All(row => row.Status is EmailStatus.Sent or EmailStatus.InDoubt));
        foreach (var worker in workers) worker.Signal("TERM");
        foreach (var worker in workers) await worker.WaitAsync();

        await using var store = home.OpenStore();
        var rows = await store.ListAsync(new(), CancellationToken.None);
        var arrivals = Sent(sink.Messages()).GroupBy(id => id).ToDictionary(group => group.Key, group => group.Count());
        arrivals.Values.ShouldAllBe(copies => copies == 1, $"seed {Seed}");
        var doubtful = rows.Where(row => row.Status == EmailStatus.InDoubt).ToList();
        doubtful.Count.ShouldBeLessThanOrEqualTo(kills * Connections);
        rows.Where(row => row.Status == EmailStatus.Sent).Select(MessageId).ShouldAllBe(id => arrivals.ContainsKey(id), $"seed {Seed}");
        TestContext.Current.TestOutputHelper?.WriteLine($"{kills} kills, {rows.Count} emails, {doubtful.Count} in doubt, {doubtful.Count(row => arrivals.ContainsKey(MessageId(row)))} of those at the sink");
    }

    [Fact]
    public async Task A_worker_that_is_told_to_stop_leaves_nothing_in_doubt()
    {
        await using var sink = await SmtpSink.StartAsync();
        await using var home = Household.WithServer(sink.Port, Connections);
        await home.ScheduleManyAsync(300, _ => Now);
        for (var round = 0; round < 10; round++)
        {
            var worker = await home.StartWorkerAsync();
            var before = sink.Messages().Count;
            await Waiting.UntilAsync(() => sink.Messages().Count > before);
            worker.Signal("TERM");
            (await worker.WaitAsync()).ExitCode.ShouldBe(0, worker.Errors);
            await using var store = home.OpenStore();
            var rows = await store.ListAsync(new(), CancellationToken.None);
            rows.ShouldAllBe(row => row.Status == EmailStatus.Sent || row.Status == EmailStatus.Pending);
        }

        (await home.RunAsync("run", "--until-empty")).ExitCode.ShouldBe(0);
        Sent(sink.Messages()).Distinct().Count().ShouldBe(300);
        sink.Messages().Count.ShouldBe(300);
    }

    private static bool IsSuspected(ScheduledEmail row) => row.LostClaims >= 2 && row.Status is EmailStatus.Pending or EmailStatus.Paused;

    private static async Task SendSuspectedAsync(Household home)
    {
        await using var store = home.OpenStore();
        foreach (var row in (await store.ListAsync(new(), CancellationToken.None)).Where(IsSuspected))
        {
            if (row.Status == EmailStatus.Paused) (await store.ChangeAsync(row.Id, new EmailChange.Resume(), CancellationToken.None)).Refusal.ShouldBeNull();
            (await home.RunAsync("send-now", row.Id.ToString())).ExitCode.ShouldBe(0);
        }
    }

    private static IEnumerable<string> Sent(IEnumerable<ReceivedMessage> messages) => messages.Select(message => message.Header("Message-ID")!);

    private static string MessageId(ScheduledEmail email) => MessageIds.For(email, "sender.example");
}
