using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Remote;

public sealed class LostAnswerTests
{
    private static readonly string[] Schedule = ["schedule", "--to", "bob@example.org", "--subject", "Once", "--body", "x", "--at", "in 2 hours"];

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task An_email_whose_answer_was_lost_is_asked_for_again_and_scheduled_once(int cuts)
    {
        await using var world = await RemoteWorld.StartAsync(TimeProvider.System);
        await world.AddAccountAsync();
        await using var proxy = new CuttingProxy(world.Url, "POST /api/emails", cuts);

        var result = await world.Home.With("NIGHTMAIL_SERVER", proxy.Url).RunAsync(Schedule);

        result.ExitCode.ShouldBe(0, result.Error);
        proxy.Cut.ShouldBe(cuts);
        (await world.Emails.ListAsync(new(), CancellationToken.None)).ShouldHaveSingleItem().Id.ToString().ShouldBe(result.Id);
    }

    [Fact]
    public async Task Where_no_answer_comes_at_all_the_command_names_the_key_with_which_it_is_done_once()
    {
        await using var world = await RemoteWorld.StartAsync(TimeProvider.System);
        await world.AddAccountAsync();
        await using var proxy = new CuttingProxy(world.Url, "POST /api/emails", int.MaxValue);

        var lost = await world.Home.With("NIGHTMAIL_SERVER", proxy.Url).RunAsync([.. Schedule, "--idempotency-key", "mine"]);
        var again = await world.Home.With("NIGHTMAIL_SERVER", world.Url).RunAsync([.. Schedule, "--idempotency-key", "mine"]);

        lost.ExitCode.ShouldBe(75);
        lost.Error.ShouldContain("it may have been done; say it again with --idempotency-key mine, and it is done once");
        again.ExitCode.ShouldBe(0, again.Error);
        again.Error.ShouldContain("nothing was changed: this key was used before");
        (await world.Emails.ListAsync(new(), CancellationToken.None)).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task The_key_that_it_names_schedules_once_also_where_nobody_had_chosen_one()
    {
        await using var world = await RemoteWorld.StartAsync(TimeProvider.System);
        await world.AddAccountAsync();
        await using var proxy = new CuttingProxy(world.Url, "POST /api/emails", int.MaxValue);

        var lost = await world.Home.With("NIGHTMAIL_SERVER", proxy.Url).RunAsync(Schedule);
        var key = lost.Error.Split("--idempotency-key ")[1].Split(',')[0];
        var again = await world.Home.With("NIGHTMAIL_SERVER", world.Url).RunAsync([.. Schedule, "--idempotency-key", key]);

        again.ExitCode.ShouldBe(0, again.Error);
        (await world.Emails.ListAsync(new(), CancellationToken.None)).ShouldHaveSingleItem().Id.ToString().ShouldBe(again.Id);
    }

    [Fact]
    public async Task A_change_whose_answer_was_lost_is_not_made_twice_and_says_that_it_may_stand()
    {
        await using var world = await RemoteWorld.StartAsync(TimeProvider.System);
        await world.AddAccountAsync();
        var id = (await world.RunAsync(Schedule)).Id;
        await using var proxy = new CuttingProxy(world.Url, "/cancel", int.MaxValue);

        var lost = await world.Home.With("NIGHTMAIL_SERVER", proxy.Url).RunAsync("cancel", id);

        lost.ExitCode.ShouldBe(75);
        lost.Error.ShouldContain("it may have been done; look");
        proxy.Cut.ShouldBe(1);
    }

    [Fact]
    public async Task A_question_whose_answer_was_lost_is_asked_again()
    {
        await using var world = await RemoteWorld.StartAsync(TimeProvider.System);
        await using var proxy = new CuttingProxy(world.Url, "GET /api/stats", 2);

        (await world.Home.With("NIGHTMAIL_SERVER", proxy.Url).RunAsync("stats")).ExitCode.ShouldBe(0);
        proxy.Cut.ShouldBe(2);
    }
}
