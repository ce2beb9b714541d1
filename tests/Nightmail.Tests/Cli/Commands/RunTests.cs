using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Commands;

public sealed class RunTests
{
    [Fact]
    public async Task Once_sends_what_is_due_and_ends()
    {
        using var world = new CliWorld().WithAccount();
        var due = (await world.RunAsync("schedule", "--to", "bob@example.org", "--subject", "Now", "--body", "Hi")).Id;
        var later = (await world.RunAsync("schedule", "--to", "bob@example.org", "--subject", "Later", "--at", "in 2 hours")).Id;
        world.Time.Advance(TimeSpan.FromMinutes(2));

        var result = await world.RunAsync("run", "--once");

        result.ExitCode.ShouldBe(0);
        result.Output.ShouldBeEmpty();
        result.Error.ShouldContain($"sent {due} through work");
        result.Error.ShouldEndWith("worker ended\n");
        Directory.GetFiles(world.Outbox).Length.ShouldBe(1);
        (await StatusAsync(world, due)).ShouldBe("sent");
        (await StatusAsync(world, later)).ShouldBe("pending");
        (await world.RunAsync("cancel", due)).ExitCode.ShouldBe(4);
    }

    [Fact]
    public async Task Events_are_json_lines_when_asked_for()
    {
        using var world = new CliWorld().WithAccount();
        var id = (await world.RunAsync("schedule", "--to", "bob@example.org")).Id;
        world.Time.Advance(TimeSpan.FromMinutes(2));

        var line = (await world.RunAsync("run", "--once", "--json")).Output.TrimEnd('\n');

        var happened = JsonDocument.Parse(line).RootElement;
        happened.GetProperty("event").GetString().ShouldBe("sent");
        happened.GetProperty("id").GetString().ShouldBe(id);
        happened.GetProperty("account").GetString().ShouldBe("work");
        happened.GetProperty("lateMs").GetDouble().ShouldBe(60_000);
    }

    [Fact]
    public async Task A_host_that_is_not_there_is_said_on_standard_error_and_by_why()
    {
        using var world = new CliWorld().WithConfig(Smtp("nowhere.invalid", 25, ""));
        var id = (await world.RunAsync("schedule", "--to", "secret.person@example.org")).Id;
        world.Time.Advance(TimeSpan.FromMinutes(2));

        var result = await world.RunAsync("run", "--once");

        result.ExitCode.ShouldBe(0);
        result.Error.ShouldContain("nowhere.invalid");
        result.Error.ShouldNotContain("secret.person");
        (await StatusAsync(world, id)).ShouldBe("pending");
        (await world.RunAsync("why", id)).Output.ShouldContain("nowhere.invalid");
    }

    [Fact]
    public async Task A_login_that_is_refused_is_said_on_standard_error_and_by_why()
    {
        using var server = new RefusingServer();
        using var world = new CliWorld().WithConfig(Smtp("127.0.0.1", server.Port, """, "auth": { "username": "ada", "password": "geheim" }"""));
        var id = (await world.RunAsync("schedule", "--to", "bob@example.org")).Id;
        world.Time.Advance(TimeSpan.FromMinutes(2));

        var result = await world.RunAsync("run", "--once");

        result.Error.ShouldContain("535");
        result.Error.ShouldContain("account work held until");
        result.Error.ShouldNotContain("geheim");
        (await world.RunAsync("why", id)).Output.ShouldContain("535");
    }

    [Fact]
    public async Task A_signal_ends_it_in_order()
    {
        using var world = new CliWorld().WithAccount();
        using var asked = new CancellationTokenSource();

        var running = world.RunAsync(Stream.Null, asked.Token, "run");
        await asked.CancelAsync();

        (await running).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task The_second_signal_ends_it_at_once()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var world = new CliWorld().WithConfig(Smtp("127.0.0.1", ((IPEndPoint)silent.LocalEndpoint).Port, ""));
        await world.RunAsync("schedule", "--to", "bob@example.org");
        world.Time.Advance(TimeSpan.FromMinutes(2));
        var running = world.RunAsync("run");
        using var connected = await silent.AcceptTcpClientAsync(TestContext.Current.CancellationToken);

        world.Signal!();
        world.Signal!();

        (await running).ExitCode.ShouldBeOneOf(0, 130);
        (await world.RunAsync("list", "--status", "in_doubt", "--json")).Output.ShouldBe("[]\n");
    }

    [Fact]
    public async Task It_ends_when_the_process_it_was_tied_to_is_gone()
    {
        using var world = new CliWorld().WithAccount();

        (await world.RunAsync("run", "--while-pid", int.MaxValue.ToString())).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Without_an_account_it_does_not_start()
    {
        using var world = new CliWorld();

        (await world.RunAsync("run")).ExitCode.ShouldBe(1);
        (await world.WithAccount().RunAsync("run", "--once", "--until-empty")).ExitCode.ShouldBe(2);
    }

    [Fact]
    public async Task The_log_tells_changes_of_state_and_no_recipients()
    {
        using var world = new CliWorld().WithAccount();
        var log = Path.Combine(world.Folder, "nightmail.log");
        var id = (await world.RunAsync("schedule", "--to", "secret.person@example.org", "--subject", "hush", "--log", log)).Id;
        world.Time.Advance(TimeSpan.FromMinutes(2));
        await world.RunAsync("run", "--once", "--log", log);
        await world.RunAsync("cancel", id, "--log", log);

        var text = await File.ReadAllTextAsync(log, TestContext.Current.CancellationToken);

        text.ShouldContain($"schedule {id}: pending");
        text.ShouldContain($"sent {id} through work");
        text.ShouldNotContain("secret.person");
        text.ShouldNotContain("hush");
        if (!OperatingSystem.IsWindows()) File.GetUnixFileMode(log).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static async Task<string?> StatusAsync(CliWorld world, string id) =>
        JsonDocument.Parse((await world.RunAsync("show", id, "--json")).Output).RootElement.GetProperty("status").GetString();

    private static string Smtp(string host, int port, string more) =>
        $$"""{ "accounts": { "work": { "from": "ada@example.org", "transport": { "type": "smtp", "host": "{{host}}", "port": {{port}}, "security": "none"{{more}} } } }, "retry": { "maxAttempts": 1 } }""";

    /// <summary>Says 535 to every login.</summary>
    private sealed class RefusingServer : IDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);

        public RefusingServer()
        {
            listener.Start();
            _ = ServeAsync();
        }

        public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

        public void Dispose() => listener.Dispose();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var client = await listener.AcceptTcpClientAsync();
                    using var reader = new StreamReader(client.GetStream());
                    await using var writer = new StreamWriter(client.GetStream()) { AutoFlush = true, NewLine = "\r\n" };
                    await writer.WriteLineAsync("220 test");
                    while (await reader.ReadLineAsync() is { } line)
                    {
                        await writer.WriteLineAsync(line.StartsWith("EHLO", StringComparison.Ordinal) ? "250-test\r\n250 AUTH PLAIN" : line.StartsWith("AUTH", StringComparison.Ordinal) ? "535 5.7.8 Bad credentials" : "221 Bye");
                    }
                }
            }
            catch (Exception ended) when (ended is SocketException or IOException or ObjectDisposedException)
            {
                // The test is over.
            }
        }
    }
}
