using System.Globalization;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Store.File;
using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>Accounts that look after themselves: real workers, a real queue file, real sockets.</summary>
public sealed class BreakerAndRotationTests
{
    private const string QuickCircuit = "\"circuit\": { \"networkCooldown\": \"2s\", \"networkCooldownMax\": \"2s\" }";
    private static readonly Account Main = new() { Name = "main", From = "ada@sender.example", IsDefault = true, Transport = new TransportSettings.Folder("/nowhere") };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task When_a_server_goes_away_all_mail_goes_through_the_other_and_one_probe_finds_it_again()
    {
        await using var first = await AiosmtpdSink.StartAsync();
        await using var second = await AiosmtpdSink.StartAsync();
        await using var home = Household.WithAccounts($"{Smtp("main", first.Port)}, {Smtp("spare", second.Port, "\"maySendAs\": [\"ada@sender.example\"], \"priority\": 2,")}", QuickCircuit);
        var workers = new List<NightmailProgram>();
        for (var count = 0; count < 4; count++) workers.Add(await home.StartWorkerAsync());
        await home.ScheduleManyAsync(20, _ => Now);
        await home.WaitForAsync(rows => rows.All(row => row.Status == EmailStatus.Sent));

        // The server goes away in the middle.
        await first.SetRulesAsync(new SinkRule { Stage = SinkStage.Mail, Action = SinkAction.Cut });
        await home.ScheduleManyAsync(40, _ => Now);
        await home.WaitForAsync(rows => rows.Count == 60 && rows.All(row => row.Status == EmailStatus.Sent));
        second.Messages().Count.ShouldBeGreaterThanOrEqualTo(40 - (20 - Taken(first)));

        // What only the broken account may send waits, and says why and until when.
        await using var store = home.OpenStore();
        var pinned = Enumerable.Range(0, 12).Select(number => Email($"pinned{number.ToString(CultureInfo.InvariantCulture)}@recipient.example") with { Account = "main" }).ToList();
        await store.AddAsync(pinned, Cancel);
        await Waiting.UntilAsync(() => WhyOf(home, pinned[^1]).Contains("circuit open since", StringComparison.Ordinal));
        var before = Taken(first);

        // It is back, but slow over the first email: while that one tries it, no other does, whichever of the four workers asks.
        var slow = TimeSpan.FromSeconds(3);
        await first.SetRulesAsync(SinkRule.DelayDot(slow, times: 1));
        await home.WaitForAsync(rows => rows.Count == 72 && rows.All(row => row.Status == EmailStatus.Sent));
        var since = first.Messages().Skip(before).OrderBy(message => message.ReceivedAt).ToList();
        since.Count.ShouldBe(12);
        (since[1].ReceivedAt! - since[0].ReceivedAt!).Value.ShouldBeGreaterThan(slow * 0.9);
        (await CircuitAsync(store)).IsOpen.ShouldBeFalse();

        foreach (var worker in workers) worker.Signal("TERM");
        foreach (var worker in workers) await worker.WaitAsync();
        var told = string.Join('\n', workers.Select(worker => worker.Errors));
        told.ShouldContain("account main held until");
        told.ShouldContain("account main is tried again with email_");
        told.Split("account main works again").Length.ShouldBe(2, told);
        Sent(first, second).ShouldBeUnique();
        Sent(first, second).Count.ShouldBe(72);
    }

    [Fact]
    public async Task A_refused_login_opens_the_circuit_at_once_and_a_restart_keeps_it_open()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Login = ("ada", "right") });
        await using var home = Household.WithAccounts(Smtp("main", sink.Port, Login("wrong"), connections: 1));
        await home.ScheduleManyAsync(3, _ => Now);
        (await home.RunAsync("run", "--once")).Errors.ShouldContain("535");
        await using var store = home.OpenStore();
        var open = await CircuitAsync(store);
        (open.Fault!.Reason, open.Failures).ShouldBe((AccountFaultReason.Auth, 1));

        (await home.RunAsync("run", "--once")).ExitCode.ShouldBe(0);
        (await CircuitAsync(store)).ShouldBe(open, "nothing was tried");
        var rows = await store.ListAsync(new(), Cancel);
        rows.Sum(row => row.Attempts).ShouldBe(1);
        rows.ShouldAllBe(row => row.Status == EmailStatus.Pending);

        home.Configure(Smtp("main", sink.Port, Login("right"), connections: 1));
        await store.ResetAccountAsync("main", Cancel);
        (await home.RunAsync("run", "--until-empty")).ExitCode.ShouldBe(0);
        Taken(sink).ShouldBe(3);
    }

    [Fact]
    public async Task Limits_hold_over_four_workers_and_over_restarts()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var home = Household.WithAccounts(Smtp("main", sink.Port, limits: "\"perMinute\": 7, \"perDay\": 100,"));
        var emails = await home.ScheduleManyAsync(30, _ => Now);
        var started = Now;
        for (var round = 0; round < 3; round++)
        {
            var workers = Enumerable.Range(0, 4).Select(_ => home.Start("run", "--once")).ToList();
            foreach (var worker in workers) (await worker.WaitAsync()).ExitCode.ShouldBe(0, worker.Errors);
        }

        await using var store = home.OpenStore();
        var rows = await store.ListAsync(new(), Cancel);
        var minutes = (int)((Now - started) / TimeSpan.FromMinutes(1)) + 1;
        rows.Count(row => row.Status == EmailStatus.Sent).ShouldBeInRange(7, 7 * minutes);
        var moments = sink.Messages().Select(message => message.ReceivedAt).Order().ToList();
        for (var index = 7; index < moments.Count; index++) (moments[index]! - moments[index - 7]!).Value.ShouldBeGreaterThan(TimeSpan.FromMinutes(1));
        rows.Where(row => row.Status != EmailStatus.Sent).ShouldAllBe(row => row.Status == EmailStatus.Pending && row.Attempts == 0);
        WhyOf(home, rows.First(row => row.Status == EmailStatus.Pending)).ShouldContain("its limit of 7 a minute is reached; next try");
    }

    [Fact]
    public async Task Unknown_recipients_never_open_it_and_ten_refusals_for_policy_fail_nobody()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var home = Household.WithAccounts(Smtp("main", sink.Port, connections: 1));
        await using var store = home.OpenStore();
        await sink.SetRulesAsync(SinkRule.RefuseRecipient(null, "550 5.1.1 no such user"));
        await store.AddAsync([.. Enumerable.Range(0, 10).Select(number => Email($"unknown{number}@one.example"))], Cancel);
        (await home.RunAsync("run", "--once")).ExitCode.ShouldBe(0);
        (await CircuitAsync(store)).Failures.ShouldBe(0);
        (await store.ListAsync(new(), Cancel)).ShouldAllBe(row => row.Status == EmailStatus.Failed);

        await sink.SetRulesAsync(SinkRule.RefuseRecipient(null, "550 5.7.1 we do not want your mail"));
        var refused = Enumerable.Range(0, 14).Select(number => Email($"reader{number}@{(number % 2 == 0 ? "one" : "two")}.example")).ToList();
        await store.AddAsync(refused, Cancel);
        (await home.RunAsync("run", "--once")).ExitCode.ShouldBe(0);
        (await CircuitAsync(store)).Fault!.Reason.ShouldBe(AccountFaultReason.Reputation);
        foreach (var email in refused) (await store.FindAsync(email.Id, Cancel))!.Status.ShouldBe(EmailStatus.Pending);

        await sink.SetRulesAsync();
        (await store.ResetAccountAsync("main", Cancel)).ShouldBeTrue();
        (await home.RunAsync("run", "--until-empty")).ExitCode.ShouldBe(0);
        Taken(sink).ShouldBe(14);
    }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private static string Smtp(string name, int port, string further = "", int connections = 4, string limits = "") => $$"""
        "{{name}}": {
          "from": "{{(name == "main" ? "ada@sender.example" : "ada@spare.example")}}", {{(further.Contains("auth", StringComparison.Ordinal) ? "" : further)}}
          "transport": { "type": "smtp", "host": "127.0.0.1", "port": {{port}}, "security": "none"{{(further.Contains("auth", StringComparison.Ordinal) ? ", " + further : "")}} },
          "limits": { {{limits}} "connections": {{connections}} }
        }
        """;

    private static string Login(string password) => $"\"auth\": {{ \"username\": \"ada\", \"password\": \"{password}\" }}";

    private static ScheduledEmail Email(string to) => new()
    {
        Id = EmailId.New(TimeProvider.System), Content = new() { To = [to], Subject = "Hello", Text = "A small email." }, ScheduledFor = Now, CreatedAt = Now, LastModified = Now,
    };

    private static async Task<Circuit> CircuitAsync(FileEmailStore store) => (await store.AccountsAsync([Main], Cancel)).Single().Facts.Circuit;

    private static string WhyOf(Household home, ScheduledEmail email) => home.RunAsync("why", email.Id.ToString()).GetAwaiter().GetResult().Output;

    private static int Taken(AiosmtpdSink sink) => sink.Messages().Count(message => message.Taken);

    private static List<string> Sent(params AiosmtpdSink[] sinks) => [.. sinks.SelectMany(sink => sink.Messages()).Where(message => message.Taken).Select(message => message.Header("Message-ID")!)];
}
