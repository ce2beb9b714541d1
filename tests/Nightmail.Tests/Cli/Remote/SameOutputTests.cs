using System.Text.RegularExpressions;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Remote;

/// <summary>Each verb says and does the same on a server as on a queue file: same output, same exit code.</summary>
public sealed partial class SameOutputTests : IAsyncLifetime
{
    private const string Account = """{ "accounts": { "work": { "from": "Ada <ada@example.org>", "transport": { "type": "smtp", "host": "127.0.0.1", "port": 2525, "security": "none" } } } }""";

    private readonly CliWorld file = new CliWorld().WithConfig(Account);
    private RemoteWorld server = null!;

    public async ValueTask InitializeAsync()
    {
        server = await RemoteWorld.StartAsync();
        (await server.AddAccountAsync()).ExitCode.ShouldBe(0);
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        file.Dispose();
    }

    [Fact]
    public async Task Scheduling_looking_and_changing()
    {
        await BothAsync("schedule", "--to", "bob@example.org", "--subject", "Hello", "--body", "Good morning", "--at", "tomorrow 9:00");
        Advance(TimeSpan.FromSeconds(1));
        await BothAsync("schedule", "--to", "Bob <bob@example.org>", "--cc", "eve@example.org", "--bcc", "sue@example.org", "--subject", "Grüße", "--body", "Hallo", "--header", "X-Kind: test", "--at", "2026-12-24 18:00 America/New_York", "--not-after", "2026-12-25", "--json");
        Advance(TimeSpan.FromSeconds(1));
        await BothAsync("schedule", "--to", "bob@example.org", "--subject", "Held", "--body", "wait");
        await BothAsync("list");
        await BothAsync("list", "--json");
        await BothAsync("list", "--all", "--search", "grüße");
        await BothAsync("list", "--status", "paused");
        foreach (var subject in (string[])["Hello", "Grüße"])
        {
            await BothOnAsync(subject, "show", "ID");
            await BothOnAsync(subject, "show", "ID", "--json");
            await BothOnAsync(subject, "show", "ID", "--raw");
            await BothOnAsync(subject, "why", "ID");
            await BothOnAsync(subject, "why", "ID", "--json");
        }

        await BothOnAsync("Hello", "pause", "ID");
        await BothOnAsync("Hello", "pause", "ID");
        await BothOnAsync("Hello", "why", "ID");
        await BothOnAsync("Hello", "resume", "ID");
        await BothOnAsync("Hello", "reschedule", "ID", "--at", "mon 8:00");
        await BothOnAsync("Hello", "reschedule", "ID", "--at", "tomorrow 10:00 Europe/Lisbon", "--json");
        await BothOnAsync("Grüße", "reschedule", "ID", "--at", "2027-01-01");
        await BothOnAsync("Hello", "send-now", "ID");
        await BothOnAsync("Hello", "send-now", "ID", "--json");
        await BothOnAsync("Hello", "retry", "ID");
        await BothOnAsync("Hello", "mark-sent", "ID", "--json");
        await BothAsync("retry", "--failed");
        await BothOnAsync("Hello", "cancel", "ID");
        await BothOnAsync("Hello", "cancel", "ID", "--json");
        await BothAsync("undo");
        await BothAsync("undo");
        await BothAsync("list", "--all");
    }

    [Fact]
    public async Task Files_travel_with_their_email()
    {
        foreach (var home in (CliWorld[])[file, server.Home])
        {
            home.Write("report.txt", "all is well");
            home.Write("letter.eml", "From: Ada <ada@example.org>\r\nTo: bob@example.org\r\nSubject: Complete\r\nMessage-ID: <own@example.org>\r\nDate: Sun, 22 Nov 2026 08:00:00 +0000\r\n\r\nas it is\r\n");
        }

        await BothAsync("schedule", "--to", "bob@example.org", "--subject", "Report", "--body", "see there", "--attach", "HOME/report.txt", "--at", "in 2 hours");
        await BothAsync("schedule", "--eml", "HOME/letter.eml", "--at", "in 3 hours", "--json");
        foreach (var subject in (string[])["Report", "Complete"])
        {
            await BothOnAsync(subject, "show", "ID");
            var (here, there) = await BothOnAsync(subject, "show", "ID", "--raw");
            there.Output.ShouldContain(subject == "Report" ? "report.txt" : "as it is");
            here.ExitCode.ShouldBe(0);
        }

        await BothOnAsync("Complete", "edit", "ID", editor: "sed -i s/as.it.is/otherwise/");
        await BothOnAsync("Report", "edit", "ID", editor: "sed -i -e s/see.there/look/ -e s/^Subject:.*/Subject:Report/");
        foreach (var subject in (string[])["Report", "Complete"]) await BothOnAsync(subject, "show", "ID", "--raw");
        await BothOnAsync("Report", "edit", "ID", editor: "true");
    }

    [Fact]
    public async Task A_repeated_call_with_a_key_schedules_once_and_another_one_is_refused()
    {
        string[] call = ["schedule", "--to", "bob@example.org", "--subject", "Once", "--body", "x", "--at", "in 10m", "--idempotency-key", "once"];
        await BothAsync(call);
        Advance(TimeSpan.FromMinutes(1));
        await BothAsync(call);
        await BothAsync([.. call, "--json"]);
        await BothAsync("schedule", "--to", "sue@example.org", "--subject", "Other", "--body", "x", "--at", "in 10m", "--idempotency-key", "once");

        (await server.Emails.ListAsync(new(), CancellationToken.None)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_cannot_be_done_is_refused_in_the_same_words()
    {
        await BothAsync("show", "nothing");
        await BothAsync("show", "email_00000000000070008000000000000000");
        await BothAsync("cancel", "email_00000000000070008000000000000000", "--json");
        await BothAsync("schedule", "--to", "nobody", "--subject", "x", "--body", "x");
        await BothAsync("schedule", "--to", "bob@example.org", "--subject", "x", "--body", "x", "--at", "whenever");
        await BothAsync("schedule", "--to", "bob@example.org", "--from", "eve@elsewhere.example", "--subject", "x", "--body", "x");
        await BothAsync("schedule", "--to", "bob@example.org", "--account", "spare", "--subject", "x", "--body", "x");
        await BothAsync("undo");
        await BothAsync("account", "reset", "spare");
        await BothAsync("account", "test", "spare", "--json");
        await BothAsync("account", "remove", "spare");
    }

    [Fact]
    public async Task Accounts_counts_and_the_switch_of_sending()
    {
        await BothAsync("account", "list");
        await BothAsync("account", "list", "--json");
        await BothAsync("account", "reset", "work");
        await BothAsync("schedule", "--to", "bob@example.org", "--subject", "Hello", "--body", "x", "--at", "in 2 hours");
        await BothAsync("pause", "--all");
        await BothOnAsync("Hello", "why", "ID");
        await BothAsync("stats");
        await BothAsync("stats", "--json");
        await BothAsync("resume", "--all", "--json");
        await BothAsync("account", "remove", "work");
        await BothAsync("account", "list");
    }

    [Fact]
    public async Task The_send_log_is_shown_and_filtered_alike()
    {
        await BothAsync("log");
        await BothAsync("schedule", "--to", "bob@example.org", "--subject", "Hello", "--body", "x", "--at", "in 2 hours");
        var id = await IdAsync(server.Home, "Hello");
        await server.SendLog.AppendAsync(
            [.. Enumerable.Range(1, 3).Select(attempt => new SendLogEntry { At = server.Clock.GetUtcNow(), Email = EmailId.Parse(id), Attempt = attempt, Account = "work", Recipient = "bob@example.org", Outcome = attempt == 3 ? EmailStatus.Sent : EmailStatus.Pending, Words = "250 2.0.0 Ok", Code = 250, Enhanced = "2.0.0", Took = TimeSpan.FromMilliseconds(5) })],
            CancellationToken.None);

        var all = await server.RunAsync("log", "--json");
        all.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(3);
        all.Output.ShouldContain("\"code\":250");
        (await server.RunAsync("log", id[^8..], "--last", "1")).Output.ShouldBe($"2026-11-22 09:00:00  {id}  work  3  sent  5 ms  250 2.0.0 Ok\n");
    }

    private void Advance(TimeSpan span)
    {
        file.Time.Advance(span);
        server.Home.Time.Advance(span);
    }

    private async Task<(CliResult Here, CliResult There)> BothAsync(params string[] words)
    {
        var here = await file.RunAsync([.. words.Select(word => word.Replace("HOME", file.Folder, StringComparison.Ordinal))]);
        var there = await server.RunAsync([.. words.Select(word => word.Replace("HOME", server.Home.Folder, StringComparison.Ordinal))]);
        Stable(there, server.Home).ShouldBe(Stable(here, file), string.Join(' ', words));
        return (here, there);
    }

    private async Task<(CliResult Here, CliResult There)> BothOnAsync(string subject, string verb, string id, string? option = null, string? value = null, string? last = null, string? editor = null)
    {
        string[] Words(string which) => [.. new[] { verb, id == "ID" ? which : id, option, value, last }.OfType<string>()];
        if (editor is not null) _ = (file.With("EDITOR", editor), server.Home.With("EDITOR", editor));
        var here = await file.RunAsync(Words(await IdAsync(file, subject)));
        var there = await server.RunAsync(Words(await IdAsync(server.Home, subject)));
        Stable(there, server.Home).ShouldBe(Stable(here, file), $"{verb} {subject} {option} {value} {last}");
        return (here, there);
    }

    private static async Task<string> IdAsync(CliWorld home, string subject) =>
        (await home.RunAsync("list", "--all", "--json")).Json().EnumerateArray().Single(email => email.GetProperty("subject").GetString() == subject).GetProperty("id").GetString()!;

    /// <summary>What may differ: ids, folders, boundaries, and who has to be started.</summary>
    private static string Stable(CliResult result, CliWorld home)
    {
        var text = $"{result.ExitCode}\n{result.Output}\n{result.Error}".Replace(home.Folder, "HOME", StringComparison.Ordinal)
            .Replace("the server without --no-workers", "nightmail run", StringComparison.Ordinal).Replace("`nightmail run`", "nightmail run", StringComparison.Ordinal);
        return Ids().Replace(Place().Replace(text, "in PLACE"), "ID");
    }

    [GeneratedRegex("(on|from) (the server at http://127\\.0\\.0\\.1:[0-9]+)|(in|from) HOME/.config/nightmail/config.json", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Place();

    [GeneratedRegex("(?<=email_|<)[0-9a-f]{32}|^[0-9a-f]{6,}(?=  )|(?<=boundary=\"?|--)[=_A-Za-z0-9-]*[0-9a-f]{16,}[=_A-Za-z0-9-]*", RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Ids();
}
