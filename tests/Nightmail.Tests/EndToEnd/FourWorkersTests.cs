using System.Globalization;
using System.Text.Json.Nodes;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Store.File;
using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>Circuits and limits that four real workers share, kept over kills and restarts.</summary>
public sealed class FourWorkersTests : IAsyncLifetime
{
    private const string LongCircuit = "\"circuit\": { \"cooldown\": \"30m\", \"networkCooldown\": \"30m\", \"networkCooldownMax\": \"30m\" }";
    private static readonly Account Main = new() { Name = "main", From = "ada@sender.example", IsDefault = true, Transport = new TransportSettings.Folder("/nowhere") };

    private readonly List<NightmailProgram> workers = [];
    private AiosmtpdSink sink = null!, spare = null!;
    private Household home = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public async ValueTask InitializeAsync()
    {
        (sink, spare) = (await AiosmtpdSink.StartAsync(new() { Login = ("ada", "right") }), await AiosmtpdSink.StartAsync());
        home = Household.WithAccounts("");
    }

    public async ValueTask DisposeAsync()
    {
        await home.DisposeAsync();
        await sink.DisposeAsync();
        await spare.DisposeAsync();
    }

    [Fact]
    public async Task Five_failures_of_whomever_open_it_for_all_it_is_stored_shown_and_logged_once_and_outlives_them()
    {
        home.Configure($"{Smtp()}, {Spare()}", LongCircuit);
        await StartAsync();
        await AddAsync(8);
        await home.WaitForAsync(rows => rows.Count == 8 && rows.All(row => row.Status == EmailStatus.Sent));
        // What finds all connections of the preferred one busy goes through the other.
        sink.Messages().ShouldNotBeEmpty();
        var before = spare.Messages().Count;

        await sink.SetRulesAsync(new SinkRule { Stage = SinkStage.Mail, Action = SinkAction.Cut });
        var pinned = await AddAsync(6, account: "main");
        await AddAsync(24);
        await home.WaitForAsync(rows => rows.Count(row => row.Status == EmailStatus.Sent) == 32);
        (spare.Messages().Count - before).ShouldBe(24);
        await using var store = home.OpenStore();
        await Waiting.UntilAsync(() => CircuitAsync(store).GetAwaiter().GetResult().IsOpen);
        var open = await CircuitAsync(store);
        (open.Failures, open.Term, open.Fault!.Reason).ShouldBe((5, 1L, AccountFaultReason.Network));

        var kept = JsonNode.Parse(await File.ReadAllTextAsync(home.Queue, Cancel))!["accounts"]!["main"]!;
        ((int)kept["consecutive_failures"]!, (string)kept["reason"]!).ShouldBe((5, "network"));
        kept["circuit_breaker_until"].ShouldNotBeNull();
        var listed = (await home.RunAsync("account", "list", "--json")).Json()[0];
        (listed.GetProperty("state").GetString(), listed.GetProperty("circuit").GetProperty("consecutiveFailures").GetInt32()).ShouldBe(("open", 5));
        (await home.RunAsync("why", pinned[0].Id.ToString())).Output.ShouldContain("account main: circuit open since");

        await KillAsync();
        Log().Split("account main held until").Length.ShouldBe(2, Log());
        var tried = (await RowsAsync(pinned)).Sum(row => row.Attempts);
        await StartAsync();
        await AddAsync(8);
        await home.WaitForAsync(rows => rows.Count(row => row.Status == EmailStatus.Sent) == 40);
        (await CircuitAsync(store)).ShouldBe(open, "new workers find it as the dead ones left it");
        (await RowsAsync(pinned)).Sum(row => row.Attempts).ShouldBe(tried);

        await sink.SetRulesAsync();
        (await home.RunAsync("account", "reset", "main")).ExitCode.ShouldBe(0);
        await home.WaitForAsync(rows => rows.All(row => row.Status == EmailStatus.Sent));
        (await CircuitAsync(store)).IsOpen.ShouldBeFalse();
        List<string> all = [.. sink.Messages().Concat(spare.Messages()).Where(message => message.Taken).Select(message => message.Header("Message-ID")!)];
        all.ShouldBeUnique();
        all.Count.ShouldBe(46);
    }

    [Fact]
    public async Task A_refused_login_of_one_opens_it_at_once_for_all()
    {
        home.Configure(Smtp(password: "wrong"), LongCircuit);
        var emails = await AddAsync(12);
        await StartAsync();
        await using var store = home.OpenStore();
        (await Waiting.UntilAsync(() => CircuitAsync(store).GetAwaiter().GetResult().IsOpen)).ShouldBeTrue();
        await home.WaitForAsync(rows => rows.All(row => row.Status == EmailStatus.Pending));
        var open = await CircuitAsync(store);
        (open.Fault!.Reason, open.Failures, open.Term).ShouldBe((AccountFaultReason.Auth, 1, 1L));
        (await RowsAsync(emails)).Sum(row => row.Attempts).ShouldBeLessThanOrEqualTo(4, "as many as were on their way");
        (await home.RunAsync("why", emails[^1].Id.ToString())).Output.ShouldContain("535");
        await KillAsync();
        Log().Split("account main held until").Length.ShouldBe(2, Log());
    }

    [Fact]
    public async Task Unknown_recipients_never_open_it_and_refusals_for_policy_over_two_domains_do_and_fail_nobody()
    {
        home.Configure(Smtp(), LongCircuit);
        await sink.SetRulesAsync(SinkRule.RefuseRecipient(null, "550 5.1.1 no such user"));
        await StartAsync();
        await AddAsync(20);
        await home.WaitForAsync(rows => rows.Count == 20 && rows.All(row => row is { Status: EmailStatus.Failed, Reason: FailureReason.Bounced }));
        await using var store = home.OpenStore();
        (await CircuitAsync(store)).ShouldBe(Circuit.Closed);

        await sink.SetRulesAsync(SinkRule.RefuseRecipient(null, "550 5.7.1 we do not want your mail"));
        var refused = await AddAsync(30);
        (await Waiting.UntilAsync(() => CircuitAsync(store).GetAwaiter().GetResult().IsOpen)).ShouldBeTrue();
        await home.WaitForAsync(rows => rows.All(row => row.Status != EmailStatus.Sending));
        var open = await CircuitAsync(store);
        (open.Fault!.Reason, open.Term).ShouldBe((AccountFaultReason.Reputation, 1L));
        (await RowsAsync(refused)).ShouldAllBe(row => row.Status == EmailStatus.Pending);

        await sink.SetRulesAsync();
        (await store.ResetAccountAsync("main", Cancel)).ShouldBeTrue();
        await home.WaitForAsync(rows => rows.Count(row => row.Status == EmailStatus.Sent) == 30);
    }

    [Theory]
    [InlineData("perHour")]
    [InlineData("perDay")]
    public async Task A_limit_is_reached_exactly_and_no_more_goes_whoever_dies_and_comes_back(string limit)
    {
        const int Most = 9;
        // It is noon there, so that the day does not end in the middle of the test.
        var zone = $"Etc/GMT{(Now.Hour - 12).ToString("+0;-0;+0", CultureInfo.InvariantCulture)}";
        home.Configure(Smtp(limits: $"\"{limit}\": {Most},", further: $"\"timeZone\": \"{zone}\","));
        await StartAsync();
        var emails = await AddAsync(40);
        await home.WaitForAsync(rows => rows.Count(row => row.Status == EmailStatus.Sent) == Most && rows.All(row => row.Status is EmailStatus.Sent or EmailStatus.Pending));
        await KillAsync();

        await StartAsync();
        // A run of its own looks at everything that is due; the workers have looked before it ends, or it would send.
        var runs = Enumerable.Range(0, 4).Select(_ => home.Start("run", "--once")).ToList();
        foreach (var run in runs) (await run.WaitAsync()).ExitCode.ShouldBe(0, run.Errors);
        sink.Messages().Count.ShouldBe(Most);
        var rows = await RowsAsync(emails);
        rows.Count(row => row.Status == EmailStatus.Sent).ShouldBe(Most);
        rows.Where(row => row.Status != EmailStatus.Sent).ShouldAllBe(row => row.Status == EmailStatus.Pending && row.Attempts == 0);
        var waiting = rows.First(row => row.Status == EmailStatus.Pending);
        (await home.RunAsync("why", waiting.Id.ToString())).Output.ShouldContain($"its limit of {Most} {(limit == "perHour" ? "an hour" : "a day")} is reached; next try");
    }

    private string Smtp(string password = "right", string limits = "", string further = "") => $$"""
        "main": {
          "from": "ada@sender.example", "default": true, {{further}}
          "transport": { "type": "smtp", "host": "127.0.0.1", "port": {{sink.Port}}, "security": "none", "auth": { "username": "ada", "password": "{{password}}" } },
          "limits": { {{limits}} "connections": 4 }
        }
        """;

    private string Spare() => $$"""
        "spare": {
          "from": "ada@spare.example", "maySendAs": ["ada@sender.example"], "priority": 2,
          "transport": { "type": "smtp", "host": "127.0.0.1", "port": {{spare.Port}}, "security": "none" }
        }
        """;

    private async Task StartAsync()
    {
        for (var number = 0; number < 4; number++) workers.Add(await home.StartWorkerAsync("--log", Path.Combine(home.Folder, $"worker{workers.Count}.log")));
    }

    private async Task KillAsync()
    {
        foreach (var worker in workers.Where(worker => !worker.HasExited)) worker.Signal("KILL");
        foreach (var worker in workers) await worker.WaitAsync();
    }

    private string Log() => string.Concat(Directory.GetFiles(home.Folder, "worker*.log").Select(File.ReadAllText));

    private async Task<IReadOnlyList<ScheduledEmail>> AddAsync(int count, string? account = null)
    {
        await using var store = home.OpenStore();
        List<ScheduledEmail> emails = [.. Enumerable.Range(0, count).Select(number => new ScheduledEmail
        {
            Id = EmailId.New(TimeProvider.System), Account = account, ScheduledFor = Now, CreatedAt = Now, LastModified = Now,
            Content = new() { To = [$"reader{number.ToString(CultureInfo.InvariantCulture)}@{(number % 2 == 0 ? "one" : "two")}.example"], Subject = "Hello", Text = "A small email." },
        })];
        await store.AddAsync(emails, Cancel);
        return emails;
    }

    private async Task<IReadOnlyList<ScheduledEmail>> RowsAsync(IReadOnlyList<ScheduledEmail> emails)
    {
        await using var store = home.OpenStore();
        var ids = emails.Select(email => email.Id).ToHashSet();
        return [.. (await store.ListAsync(new(), Cancel)).Where(row => ids.Contains(row.Id))];
    }

    private static async Task<Circuit> CircuitAsync(FileEmailStore store) => (await store.AccountsAsync([Main], Cancel)).Single().Facts.Circuit;
}
