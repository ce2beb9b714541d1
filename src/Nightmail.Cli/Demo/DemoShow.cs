using Nightmail.Cli.Printing;
using Nightmail.Cli.Running;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;

namespace Nightmail.Cli.Demo;

/// <summary>
/// Everything in one go, without account and network: a mail catcher, a queue in a folder that is thrown away, emails on their way.
/// </summary>
/// <param name="surroundings">The program's.</param>
/// <param name="globals">The options of every command.</param>
/// <param name="second">The length of a demo's second; tests take a shorter one.</param>
internal sealed class DemoShow(Surroundings surroundings, GlobalValues globals, TimeSpan second)
{
    private const string Sender = "Nightmail <demo@nightmail.example>";
    private const string Hesitant = "carol@example.org";

    /// <summary>Runs the demo.</summary>
    /// <param name="keep">Leaves it running until it is stopped.</param>
    /// <param name="cancellationToken">Ends it in order.</param>
    public async Task<int> RunAsync(bool keep, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("nightmail-demo-").FullName;
        try
        {
            await using var catcher = new MailCatcher([Hesitant], surroundings.Time);
            var config = Path.Combine(folder, "config.json");
            await File.WriteAllTextAsync(config, Configuration(catcher.Port), cancellationToken);
            await using var session = new Session(surroundings, globals with { Config = config, Queue = Path.Combine(folder, "demo.json") }, works: true);
            session.Note($"a mail catcher listens on 127.0.0.1:{catcher.Port}; the queue is {session.QueuePath}");
            var board = new DemoBoard(surroundings.Time);
            foreach (var email in await ScheduleAsync(session, cancellationToken)) board.Put(email);
            var inOrder = await SendAsync(session, board, keep, cancellationToken);
            Print(catcher.Caught, session);
            return inOrder ? ExitCodes.Done : ExitCodes.Interrupted;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<bool> SendAsync(Session session, DemoBoard board, bool keep, CancellationToken cancellationToken)
    {
        using var shutdown = new Shutdown(surroundings, cancellationToken);
        var live = surroundings.OutputIsTerminal && !globals.Json;
        var printer = new EventPrinter(session);
        await using var host = new WorkerHost(session, live ? board : printer);
        if (keep) session.Note($"try in another terminal: {session.Command("list")}; Ctrl-C ends the demo");
        var sending = host.RunAsync(keep ? WorkerMode.Forever : WorkerMode.UntilEmpty, shutdown);
        if (live) await DemoScreen.ShowAsync(board, surroundings.Output, surroundings.Time, sending);
        return await sending;
    }

    private async Task<IReadOnlyList<ScheduledEmail>> ScheduleAsync(Session session, CancellationToken cancellationToken)
    {
        var now = session.Now;
        (string To, string Subject, int Seconds)[] letters =
        [
            ("Ada <ada@example.org>", "In two seconds", 2),
            ("Bob <bob@example.org>", "In four seconds", 4),
            ($"Carol <{Hesitant}>", "In six seconds, to a server that says 451 first", 6),
            ("Dan <dan@example.org>", "Taken back before it leaves", 5),
        ];
        var scheduler = new Scheduler(session.Store, surroundings.Time, session.Settings.Accounts);
        var scheduled = new List<ScheduledEmail>();
        foreach (var (to, subject, seconds) in letters)
        {
            var request = new ScheduleRequest
            {
                Content = new() { To = [to], Subject = subject, Text = "This is a demo.\n" },
                ScheduledFor = now + (second * seconds),
                CreatedBy = surroundings.UserAtHost(),
            };
            var result = await scheduler.ScheduleAsync(request, cancellationToken);
            scheduled.Add(result is ScheduleResult.Scheduled { Email: var email } ? email : throw new InvalidOperationException($"the demo's own email was not taken: {result}"));
        }

        var cancelled = await session.Store.ChangeAsync(scheduled[^1].Id, new EmailChange.Cancel(), cancellationToken);
        scheduled[^1] = cancelled.Email ?? scheduled[^1];
        return scheduled;
    }

    private void Print(IReadOnlyList<CaughtMessage> caught, Session session)
    {
        var output = surroundings.Output;
        if (globals.Json)
        {
            foreach (var message in caught) output.Write(JsonText.Line(json => Write(json, message)));
            return;
        }

        var table = new TextTable("RECEIVED", "FROM", "TO", "SUBJECT");
        foreach (var message in caught) table.Add(TimeWords.Short(message.At, session.Zone, session.Now, milliseconds: true), message.From, string.Join(", ", message.To), message.Subject);
        output.Write($"\nWhat the mail catcher received (the cancelled one is not there):\n\n{table.ToText(surroundings.Width)}");
        output.Write("\nNow with your own account: copy config.sample.json to ~/.config/nightmail/config.json, fill it in, and\n\n"
            + "  nightmail schedule --to ada@example.org --subject Hello --body \"Good morning\" --at \"tomorrow 9:00\"\n"
            + "  nightmail list\n"
            + "  nightmail run\n");
    }

    private static void Write(System.Text.Json.Utf8JsonWriter json, CaughtMessage message)
    {
        json.WriteStartObject();
        json.WriteString("event", "received");
        json.WriteString("at", JsonText.Time(message.At));
        json.WriteString("from", message.From);
        json.WriteStartArray("to");
        foreach (var recipient in message.To) json.WriteStringValue(recipient);
        json.WriteEndArray();
        json.WriteString("subject", message.Subject);
        json.WriteEndObject();
    }

    private static string Configuration(int port) => $$"""
        {
          "accounts": { "demo": { "from": "{{Sender}}", "transport": { "type": "smtp", "host": "127.0.0.1", "port": {{port}}, "security": "none" } } },
          "deferral": { "first": "2s", "jitter": 0 }
        }

        """;
}
