using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Remote;

public sealed class CampaignCommandTests
{
    private const string People = "email,name\nbob@example.org,Bob\nsue@example.org,Sue\nBOB@example.org,Bob again\n";

    [Fact]
    public async Task A_campaign_from_draft_to_plan_to_schedule_and_back()
    {
        await using var world = await RemoteWorld.StartAsync();
        await world.AddAccountAsync();
        var home = world.Home;
        var created = await world.RunAsync("campaign", "create", "Spring news", "--subject", "Hello {{name}}", "--text", home.Write("news.txt", "Dear {{name}}, it is spring.\n"), "--recipients", home.Write("people.csv", People));

        created.ExitCode.ShouldBe(0, created.Error);
        created.Error.ShouldContain("2 added, 1 were there already");
        created.Id.ShouldStartWith("campaign_");
        (await world.RunAsync("campaign", "list")).Output.ShouldContain("draft   -     0/2   0       Spring news");
        var preview = await world.RunAsync("campaign", "preview", "Spring news", "--recipient", "sue@example.org");
        preview.Output.ShouldStartWith("Subject: Hello Sue\n\nDear Sue, it is spring.", customMessage: preview.Error);
        var plan = await world.RunAsync("campaign", "plan", created.Id[^8..]);
        plan.Output.ShouldStartWith("2 wait\n", customMessage: plan.Error);
        plan.Output.ShouldContain("work     2");
        (await world.RunAsync("campaign", "reschedule", "Spring news", "--at", "mon 8:00")).ShouldSatisfyAllConditions(early => early.ExitCode.ShouldBe(4), early => early.Error.ShouldContain("it is draft"));
        var scheduled = await world.RunAsync("campaign", "schedule", "Spring news", "--at", "mon 8:00");
        scheduled.Output.ShouldBe($"{created.Id} 2026-11-23 08:00 Europe/Berlin (in 23 hours; 07:00Z)\n", scheduled.Error);
        (await world.RunAsync("campaign", "reschedule", "Spring news", "--at", "mon 9:00")).Output.ShouldContain("2026-11-23 09:00 Europe/Berlin");
        (await world.RunAsync("campaign", "pause", "Spring news")).Output.ShouldBe($"{created.Id} paused: 2: 2 waiting\n");
        (await world.RunAsync("campaign", "resume", "Spring news")).Output.ShouldContain("scheduled");
        (await world.RunAsync("campaign", "show", "Spring news")).Output.ShouldContain("recipients:  2: 2 waiting");
        (await world.RunAsync("campaign", "cancel", "Spring news")).Output.ShouldContain("cancelled");
        (await world.RunAsync("campaign", "cancel", "Spring news")).ExitCode.ShouldBe(4);
        (await world.RunAsync("campaign", "duplicate", "Spring news")).Output.ShouldContain("draft: Spring news (copy)");
        (await world.RunAsync("campaign", "remove", "Spring news (copy)")).Output.ShouldContain("removed");
    }

    [Fact]
    public async Task A_campaign_is_sent_and_followed_to_its_end()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var world = await RemoteWorld.StartAsync(TimeProvider.System, sends: true);
        await world.AddAccountAsync(sink.Port);
        var id = (await world.RunAsync("campaign", "create", "News", "--subject", "Hello", "--text", world.Home.Write("news.txt", "Dear {{name}}\n"), "--recipients", world.Home.Write("people.csv", People))).Id;

        (await world.RunAsync("campaign", "schedule", id)).ExitCode.ShouldBe(0);
        var followed = await world.RunAsync("campaign", "follow", id, "--json");

        followed.ExitCode.ShouldBe(0, followed.Error);
        followed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1].ShouldContain("\"status\":\"completed\"");
        (await world.RunAsync("campaign", "follow", "News")).Output.ShouldBe("completed; 2: 2 sent\n");
        (await world.RunAsync("campaign", "test", "News", "--to", "me@example.org")).Output.ShouldStartWith("email_");
    }

    [Fact]
    public async Task A_file_with_a_mistake_adds_nobody_and_names_the_line()
    {
        await using var world = await RemoteWorld.StartAsync();
        var id = (await world.RunAsync("campaign", "create", "News", "--subject", "x", "--text", world.Home.Write("news.txt", "x"))).Id;

        var broken = await world.RunAsync("campaign", "import", "News", world.Home.Write("broken.csv", "email\nbob@example.org\nnobody\n"));
        var lines = await world.Home.RunWithInputAsync("""{"email":"bob@example.org","variables":{"name":"Bob"}}""", "campaign", "import", id, "-", "--format", "jsonl", "--json");

        broken.ExitCode.ShouldBe(1);
        broken.Error.ShouldContain("line 3");
        lines.Json().GetProperty("added").GetInt32().ShouldBe(1, lines.Error);
    }

    [Fact]
    public async Task A_draft_whose_answer_was_lost_is_made_once()
    {
        await using var world = await RemoteWorld.StartAsync(TimeProvider.System);
        await using var proxy = new CuttingProxy(world.Url, "POST /api/campaigns ", 1);

        var created = await world.Home.With("NIGHTMAIL_SERVER", proxy.Url).RunAsync("campaign", "create", "News", "--subject", "x", "--text", world.Home.Write("news.txt", "x"));

        created.ExitCode.ShouldBe(0, created.Error);
        proxy.Cut.ShouldBe(1);
        (await world.RunAsync("campaign", "list", "--json")).Json().GetArrayLength().ShouldBe(1);
    }

    [Theory]
    [InlineData("campaign list", 1, "campaign list needs a server: name it with --server")]
    [InlineData("campaign", 2, "what about the campaigns?")]
    public async Task Without_a_server_or_a_verb_it_says_what_is_missing(string words, int exitCode, string message)
    {
        using var home = new CliWorld();
        if (exitCode == 2) home.With("NIGHTMAIL_SERVER", "http://127.0.0.1:9");

        var result = await home.RunAsync(words.Split(' '));

        result.ExitCode.ShouldBe(exitCode);
        result.Error.ShouldContain(message);
    }

    [Fact]
    public async Task What_does_not_exist_or_could_be_two_is_said()
    {
        await using var world = await RemoteWorld.StartAsync();
        var text = world.Home.Write("news.txt", "x");
        foreach (var _ in (int[])[1, 2]) await world.RunAsync("campaign", "create", "News", "--subject", "x", "--text", text);

        (await world.RunAsync("campaign", "show", "nothing")).ExitCode.ShouldBe(3);
        (await world.RunAsync("campaign", "show", "News")).ShouldSatisfyAllConditions(two => two.ExitCode.ShouldBe(2), two => two.Error.ShouldContain("could be campaign_"));
        (await world.RunAsync("campaign", "create", "X", "--template", "none")).ExitCode.ShouldBe(3);
        (await world.RunAsync("campaign", "create", "X")).ExitCode.ShouldBe(2);
    }
}
