using Nightmail.Core.Emails;
using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>One email, three recipients, three answers.</summary>
public sealed class RecipientsTests
{
    private static readonly SinkRule[] Answers =
    [
        SinkRule.RefuseRecipient("gone@recipient.example", "550 5.1.1 no such user"),
        SinkRule.RefuseRecipient("grey@recipient.example", "451 4.7.1 come back later", times: 1),
    ];

    [Fact]
    public async Task Each_accepted_recipient_gets_it_once()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = Answers });
        await using var home = Household.WithServer(sink.Port, further: """ "deferral": { "first": "1s" } """);
        var id = await ScheduleAsync(home);

        (await home.RunAsync("run", "--until-empty")).ExitCode.ShouldBe(0);

        sink.Messages().Select(message => string.Join(' ', message.Recipients)).ShouldBe(["good@recipient.example", "grey@recipient.example"]);
        var shown = (await home.RunAsync("show", id, "--json")).Json();
        shown.GetProperty("status").GetString().ShouldBe("sent");
        var rejected = shown.GetProperty("rejected").EnumerateArray().ShouldHaveSingleItem().ToString();
        rejected.ShouldContain("gone@recipient.example");
        rejected.ShouldContain("550 5.1.1 no such user");
    }

    [Fact]
    public async Task A_worker_killed_before_the_answer_leaves_exactly_the_accepted_recipient_in_doubt()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = [.. Answers, SinkRule.NeverAnswerDot()] });
        await using var home = Household.WithServer(sink.Port);
        await ScheduleAsync(home);
        var worker = await home.StartWorkerAsync();
        await sink.WaitForAsync(1);
        worker.Signal("KILL");
        await worker.WaitAsync();

        (await home.RunAsync("run", "--once")).ExitCode.ShouldBe(0);

        await using var store = home.OpenStore();
        var row = (await store.ListAsync(new(), CancellationToken.None)).ShouldHaveSingleItem();
        row.Status.ShouldBe(EmailStatus.InDoubt);
        row.AllRecipients().ToDictionary(recipient => recipient.Address, recipient => recipient.Status).ShouldBe(new Dictionary<string, RecipientStatus>
        {
            ["good@recipient.example"] = RecipientStatus.InDoubt,
            ["gone@recipient.example"] = RecipientStatus.Rejected,
            ["grey@recipient.example"] = RecipientStatus.Pending,
        }, ignoreOrder: true);
        sink.Messages().Count.ShouldBe(1);
    }

    private static async Task<string> ScheduleAsync(Household home)
    {
        var result = await home.RunAsync("schedule", "--to", "good@recipient.example", "--to", "gone@recipient.example", "--cc", "grey@recipient.example",
            "--subject", "To three", "--body", "Hello", "--at", "now", "--json");
        result.ExitCode.ShouldBe(0, result.Errors);
        return result.Json().GetProperty("id").GetString()!;
    }
}
