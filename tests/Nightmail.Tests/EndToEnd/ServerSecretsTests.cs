using System.Text;
using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Smtp;
using Nightmail.Tests.Server;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>Every verb on a server: neither the passwords of its accounts nor the key to it are in anything that is printed, logged, or given to an editor.</summary>
public sealed class ServerSecretsTests : IAsyncLifetime
{
    private const string Body = "Bodymarker";
    private const string Recipient = "recipientmarker";
    private const string Right = "Pw-right";
    private const string Wrong = "Pw-wrong";

    private readonly string folder = Directory.CreateTempSubdirectory("nightmail-secrets-").FullName;
    private readonly StringBuilder said = new();
    private AiosmtpdSink sink = null!;
    private RunningServer server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Log => Path.Combine(folder, "nightmail.log");

    private string Seen => Path.Combine(folder, "seen");

    private string Key => File.ReadAllText(Path.Combine(folder, "server", "data", "api-key")).Trim();

    public async ValueTask InitializeAsync()
    {
        sink = await AiosmtpdSink.StartAsync(new() { Login = ("ada", Right) });
        server = await RunningServer.StartAsync(Directory.CreateDirectory(Path.Combine(folder, "server")).FullName);
        var editor = Path.Combine(folder, "editor");
        await File.WriteAllTextAsync(editor, $"#!/bin/sh\ncat /proc/$$/cmdline /proc/$$/environ >> '{Seen}'\nsed -i 's/^Subject: .*/Subject: Edited/' \"$1\"\n", Cancel);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(editor, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await sink.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task No_verb_shows_one()
    {
        foreach (var (name, variable) in new[] { ("good", "RIGHT"), ("bad", "WRONG") })
            await DoneAsync("account", "add", name, "--from", $"ada@{name}.example", "--host", "127.0.0.1", "--port", $"{sink.Port}", "--security", "none", "--username", "ada", "--password-env", variable);
        var ids = new List<string>();
        foreach (var account in new[] { "good", "bad" })
        {
            var scheduled = await DoneAsync("schedule", "--to", $"{Recipient}@reader.example", "--subject", "Hello", "--body", Body, "--account", account, "--at", "in 1 hour", "--json");
            ids.Add(scheduled.Json().GetProperty("id").GetString()!);
        }

        await DoneAsync("edit", ids[0]);
        (await DoneAsync("show", ids[0])).Output.ShouldContain("Edited");
        foreach (var id in ids) await DoneAsync("send-now", id);
        await SayAsync($"From: ada@good.example\nTo: {Recipient}@reader.example\nSubject: Hello\n\n{Body}\n", "sendmail", "-t", "-i", "--at", "in 1s");
        (await Waiting.UntilAsync(() => sink.Messages().Count == 2)).ShouldBeTrue();
        (await Waiting.UntilAsync(() => SayAsync("", "account", "list").Result.Output.Contains("535", StringComparison.Ordinal))).ShouldBeTrue();

        var words = Path.Combine(folder, "news.txt");
        await File.WriteAllTextAsync(words, Body, Cancel);
        await File.WriteAllTextAsync(Path.Combine(folder, "people.csv"), $"email\n{Recipient}@reader.example\n", Cancel);
        await DoneAsync("campaign", "create", "c", "--subject", "s", "--text", words, "--recipients", Path.Combine(folder, "people.csv"));
        foreach (var verb in new[] { "list --all", "health", "stats", "account list", "config show", "backup create", "backup list", "log", "campaign list", $"why {ids[0]}", $"why {ids[1]}", "account test good", "account test bad" })
        {
            foreach (var json in new[] { false, true })
            {
                var result = await SayAsync("", [.. verb.Split(' '), .. json ? ["--json"] : Array.Empty<string>()]);
                // These are where a person looks for recipients, and for what a campaign says.
                if (verb is "list --all" or "log" or "campaign list") continue;
                foreach (var text in new[] { result.Output, result.Errors })
                {
                    text.ShouldNotContain(Body, Case.Sensitive, verb);
                    text.ShouldNotContain(Recipient, Case.Sensitive, verb);
                }
            }
        }

        foreach (var id in ids) await SayAsync("", "show", id);
        await SayAsync("", "show", ids[0], "--raw");
        foreach (var verb in new[] { "retry --failed", $"cancel {ids[1]}", "account reset bad", "account remove bad" }) await SayAsync("", verb.Split(' '));

        said.ToString().ShouldContain("535");
        var seen = await File.ReadAllTextAsync(Seen, Cancel);
        seen.ShouldContain("/editor");
        var key = Key;
        foreach (var secret in new[] { Right, Wrong, key })
        {
            said.ToString().ShouldNotContain(secret, Case.Sensitive, $"printed: {secret}");
            (await File.ReadAllTextAsync(Log, Cancel)).ShouldNotContain(secret);
            server.Program.Errors.Split(secret).Length.ShouldBe(secret == key ? 2 : 1, "the key of a new server is told at its first start, and nothing else ever");
            foreach (var path in new[] { "/api/accounts", "/api/standings", "/api/settings", "/api/circuits" }) (await server.TextAsync(path)).ShouldNotContain(secret, Case.Sensitive, path);
        }

        // The program had the key in its environment when it started the editor.
        seen.ShouldNotContain(key);
        foreach (var text in new[] { await File.ReadAllTextAsync(Log, Cancel), server.Program.Errors })
        {
            text.ShouldNotContain(Body);
            text.ShouldNotContain(Recipient);
        }
    }

    private async Task<ProgramResult> DoneAsync(params string[] words)
    {
        var result = await SayAsync("", words);
        result.ExitCode.ShouldBe(0, $"{string.Join(' ', words)}: {result.Errors}");
        return result;
    }

    private async Task<ProgramResult> SayAsync(string input, params string[] words)
    {
        var environment = new Dictionary<string, string?>
        {
            ["HOME"] = folder, ["XDG_CONFIG_HOME"] = Path.Combine(folder, "config"), ["NIGHTMAIL_SERVER"] = server.Url, ["NIGHTMAIL_API_KEY"] = Key, ["EDITOR"] = Path.Combine(folder, "editor"), ["NO_COLOR"] = "1",
        };
        // Only the verb that reads them has them.
        if (words is ["account", "add", ..]) (environment["RIGHT"], environment["WRONG"]) = (Right, Wrong);
        await using var program = NightmailProgram.Start(environment, [.. words, "--verbose", "--log", Log], input);
        var result = await program.WaitAsync();
        lock (said) said.AppendLine($"$ {string.Join(' ', words)}").Append(result.Output).Append(result.Errors);
        return result;
    }
}
