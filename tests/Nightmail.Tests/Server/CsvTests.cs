using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

/// <summary>What goes in and out as CSV.</summary>
public sealed class CsvTests
{
    [Fact]
    public async Task Recipients_and_the_log_come_out_as_files_and_what_needs_quotes_has_them()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var world = await ServerWorld.StartAsync();
        await world.AddAccountAsync(sink.Port);
        var sent = await world.PostAsync("/api/send", """{"subject":"s","text":"t","recipients":[{"email":"a@example.org","name":"Ada, \"Countess\""},"b@example.org"]}""");
        var campaign = (string)sent.Body!["campaignId"]!;
        await world.WaitForStatusAsync(campaign, "completed");
        await Eventually.HoldsAsync(async () => (await world.GetAsync($"/api/logs?campaign={campaign}")).Body!["items"]!.AsArray().Count == 2, "the log to be written");

        var recipients = await world.CsvAsync($"/api/campaigns/{campaign}/recipients");
        var log = await world.CsvAsync($"/api/logs?campaign={campaign}");

        recipients[0].ShouldBe("email,name,status,reason,attempts,lastError,sentAt,variables,id");
        recipients[1].ShouldStartWith("a@example.org,\"Ada, \"\"Countess\"\"\",sent,,1,,2");
        recipients[2].ShouldStartWith("b@example.org,,sent,,1,,2");
        recipients.Count.ShouldBe(3);
        log.Count.ShouldBe(3);
        log[0].ShouldBe("number,at,email,campaignId,attempt,retryCount,account,recipient,outcome,code,enhanced,words,durationMs,worker");
        var worker = (string)(await world.GetAsync("/api/workers")).Body!["workers"]![0]!["id"]!;
        log.Skip(1).ShouldAllBe(row => row.EndsWith("," + worker, StringComparison.Ordinal));
        log.Skip(1).ShouldAllBe(row => row.Contains(",1,0,work,", StringComparison.Ordinal) && row.Contains("@example.org,sent,250,", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_line_without_end_is_refused_before_it_fills_the_memory_and_lines_end_in_any_way()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        var campaign = (string)(await world.PostAsync("/api/campaigns", """{"name":"c","subject":"s","text":"t"}""")).Body!["id"]!;
        Task<(int Status, System.Text.Json.Nodes.JsonNode? Body)> AddAsync(string lines) =>
            world.AskAsync(HttpMethod.Post, $"/api/campaigns/{campaign}/recipients", lines, contentType: "application/x-ndjson");

        var endless = await AddAsync($"\"a@example.org\"\n\"{new string('x', 5_000_000)}\"\n");
        var mixed = await AddAsync("\"a@example.org\"\r\n\"b@example.org\"\r\"c@example.org\"\n\n\"d@example.org\"");

        (endless.Status, (string?)endless.Body!["field"]).ShouldBe((422, "file"));
        ((string)endless.Body["detail"]!).ShouldContain("line 2: it has more than");
        mixed.Body!.ToJsonString().ShouldBe("""{"added":4,"duplicates":0,"suppressed":0}""");
    }

    [Fact]
    public async Task A_file_that_a_killed_server_left_behind_is_gone_after_its_next_start()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        var leftover = Path.Combine(world.Folder, "import-0123456789abcdef.tmp");
        await File.WriteAllTextAsync(leftover, "email\n", TestContext.Current.CancellationToken);

        await world.RestartAsync(sends: false);

        File.Exists(leftover).ShouldBeFalse();
    }

    [Fact]
    public async Task More_recipients_than_one_page_holds_come_out_all_and_each_once()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        var campaign = (string)(await world.PostAsync("/api/campaigns", """{"name":"c","subject":"s","text":"t"}""")).Body!["id"]!;
        var csv = "email\n" + string.Concat(Enumerable.Range(0, 2500).Select(i => $"r{i}@example.org\n"));
        await world.AskAsync(HttpMethod.Post, $"/api/campaigns/{campaign}/recipients", csv, contentType: "text/csv");

        var rows = await world.CsvAsync($"/api/campaigns/{campaign}/recipients?status=pending");

        rows.Skip(1).Select(row => row[..row.IndexOf(',', StringComparison.Ordinal)]).ShouldBe(Enumerable.Range(0, 2500).Select(i => $"r{i}@example.org"));
    }

    [Fact]
    public async Task Suppressions_come_out_as_a_file_that_goes_in_again()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        await using var other = await ServerWorld.StartAsync(sends: false);
        const string File = "Email;Reason\nA@example.org;\"asked; twice\"\n*@spam.example;trap\n";

        var first = await world.AskAsync(HttpMethod.Post, "/api/suppressions/import", File, contentType: "text/csv");
        var again = await world.AskAsync(HttpMethod.Post, "/api/suppressions/import", File, contentType: "text/csv");
        var rows = await world.CsvAsync("/api/suppressions/export");
        var moved = await other.AskAsync(HttpMethod.Post, "/api/suppressions/import", string.Join('\n', rows), contentType: "text/csv");

        first.Body!.ToJsonString().ShouldBe("""{"added":2,"known":0}""");
        again.Body!.ToJsonString().ShouldBe("""{"added":0,"known":2}""");
        rows[0].ShouldBe("target,reason,since");
        rows[1].ShouldStartWith("*@spam.example,trap,2");
        rows[2].ShouldStartWith("a@example.org,\"asked; twice\",2");
        moved.Body!.ToJsonString().ShouldBe("""{"added":2,"known":0}""");
    }

    [Theory]
    [InlineData("email\na@example.org\nnobody\n", "line 3: 'nobody' is neither an address nor *@domain")]
    [InlineData("who\na@example.org\n", "no column is called target or email")]
    [InlineData("email,reason\na@example.org\n", "line 2: it cannot be read")]
    public async Task A_file_of_suppressions_with_a_mistake_leaves_nothing_behind_and_names_its_line(string file, string words)
    {
        await using var world = await ServerWorld.StartAsync(sends: false);

        var answer = await world.AskAsync(HttpMethod.Post, "/api/suppressions/import", file, contentType: "text/csv");

        (answer.Status, (string?)answer.Body!["field"]).ShouldBe((422, "file"));
        ((string?)answer.Body["detail"])!.ShouldStartWith(words);
        (await world.GetAsync("/api/suppressions")).Body!["items"]!.AsArray().ShouldBeEmpty();
        Directory.EnumerateFiles(world.Folder, "*.tmp").ShouldBeEmpty();
    }
}
