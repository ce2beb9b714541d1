using System.Text.Json;
using Nightmail.Core.Emails;
using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Smtp;
using Nightmail.Tests.Cli.Remote;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>A server that asks for less gets less at once: real workers, real sockets, on the queue file and on a server.</summary>
public sealed class SlowedAccountsTests
{
    private const string Asked = "421 4.3.2 too many at once";

    /// <summary>How long a message keeps its connection busy after its final dot.</summary>
    private static readonly TimeSpan Busy = TimeSpan.FromSeconds(1);

    private static readonly SinkRule Slowly = SinkRule.DelayDot(Busy);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(SinkStage.Greeting)]
    [InlineData(SinkStage.Mail)]
    public async Task A_421_halves_what_two_workers_have_on_their_way_and_the_list_says_until_when(SinkStage stage)
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = stage == SinkStage.Greeting ? [Complaint(stage)] : [] });
        await using var home = Household.WithServer(sink.Port);
        var workers = new List<NightmailProgram> { await home.StartWorkerAsync(), await home.StartWorkerAsync() };
        await SendAsync(1);
        if (stage == SinkStage.Mail)
        {
            // In the middle of a session that has carried a message already.
            await sink.SetRulesAsync(Complaint(stage));
            await SendAsync(2);
        }

        var slowed = SlowedOf((await home.RunAsync("account", "list", "--json")).Json());
        (await home.RunAsync("account", "list")).Output.ShouldContain("2 of its 4 connections at once: slowed down since");
        var before = sink.Messages().Count;
        await sink.SetRulesAsync(Slowly);
        await SendAsync(before + 6);
        NoMoreThanTwoAtOnce(sink, before, slowed);

        foreach (var worker in workers) worker.Signal("TERM");
        foreach (var worker in workers) (await worker.WaitAsync()).ExitCode.ShouldBe(0);
        string.Join('\n', workers.Select(worker => worker.Errors)).ShouldContain("account work slowed down until");

        async Task SendAsync(int all)
        {
            var there = (await home.ListAsync()).Count;
            await home.ScheduleManyAsync(all - there, _ => TimeProvider.System.GetUtcNow());
            await home.WaitForAsync(rows => rows.Count == all && rows.All(row => row.Status == EmailStatus.Sent));
        }
    }

    [Theory]
    [InlineData(SinkStage.Greeting)]
    [InlineData(SinkStage.Mail)]
    public async Task A_server_keeps_to_it_likewise_and_its_list_says_the_same(SinkStage stage)
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = stage == SinkStage.Greeting ? [Complaint(stage)] : [] });
        await using var world = await RemoteWorld.StartAsync(TimeProvider.System, sends: true);
        (await world.AddAccountAsync(sink.Port)).ExitCode.ShouldBe(0);
        await SendAsync(1);
        if (stage == SinkStage.Mail)
        {
            await sink.SetRulesAsync(Complaint(stage));
            await SendAsync(2);
        }

        using var list = JsonDocument.Parse((await world.RunAsync("account", "list", "--json")).Output);
        var slowed = SlowedOf(list.RootElement);
        (await world.RunAsync("account", "list")).Output.ShouldContain("2 of its 4 connections at once: slowed down since");
        var before = sink.Messages().Count;
        await sink.SetRulesAsync(Slowly);
        await SendAsync(before + 6);
        NoMoreThanTwoAtOnce(sink, before, slowed);

        async Task SendAsync(int all)
        {
            var there = (await world.Emails.ListAsync(new(), Cancel)).Count;
            await world.Emails.AddAsync([.. Enumerable.Range(there, all - there).Select(Email)], Cancel);
            (await Waiting.UntilAsync(() => world.Emails.ListAsync(new(), Cancel).AsTask().Result.Count(row => row.Status == EmailStatus.Sent) == all)).ShouldBeTrue();
        }
    }

    private static SinkRule Complaint(SinkStage stage) => new() { Stage = stage, Reply = Asked, Times = 1 };

    private static ScheduledEmail Email(int number)
    {
        var now = TimeProvider.System.GetUtcNow();
        return new() { Id = EmailId.New(TimeProvider.System), Content = new() { To = [$"r{number}@example.org"], Subject = "Hello", Text = "A small email." }, ScheduledFor = now, CreatedAt = now, LastModified = now };
    }

    /// <summary>What the list says about it, looked at in every part.</summary>
    /// <returns>Until when it holds.</returns>
    private static DateTimeOffset SlowedOf(JsonElement list)
    {
        var account = list.EnumerateArray().ShouldHaveSingleItem();
        account.TryGetProperty("slowed", out var slowed).ShouldBeTrue(account.GetRawText());
        slowed.GetProperty("connections").GetInt32().ShouldBe(2);
        slowed.GetProperty("error").GetString()!.ShouldContain(Asked);
        var (since, until) = (slowed.GetProperty("since").GetDateTimeOffset(), slowed.GetProperty("until").GetDateTimeOffset());
        (until - since).ShouldBe(TimeSpan.FromMinutes(1));
        since.ShouldBeInRange(TimeProvider.System.GetUtcNow().AddMinutes(-1), TimeProvider.System.GetUtcNow());
        account.GetProperty("limits").GetProperty("connections").GetInt32().ShouldBe(4);
        account.GetProperty("circuit").GetProperty("state").GetString().ShouldBe("closed");
        account.GetProperty("words").GetString()!.ShouldContain("2 of its 4 connections at once");
        return until;
    }

    private static void NoMoreThanTwoAtOnce(AiosmtpdSink sink, int before, DateTimeOffset until)
    {
        var moments = sink.Messages().Skip(before).Select(message => message.ReceivedAt!.Value).Order().ToList();
        moments.Count.ShouldBe(6);
        // A machine that took a minute over this has all its connections again.
        for (var index = 2; index < moments.Count && moments[index] < until; index++) (moments[index] - moments[index - 2]).ShouldBeGreaterThan(Busy * 0.9);
    }
}
