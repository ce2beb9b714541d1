using System.Text;
using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>
/// Marked secrets in every place that an account may keep them, and every verb run over them: they are in nothing that is printed, logged,
/// kept in the queue, or given to another program. Bodies and recipients are where a person asks for them and nowhere else.
/// </summary>
public sealed class SecretsTests : IAsyncLifetime
{
    private const string Body = "Bodymarker";
    private const string Recipient = "recipientmarker";
    private static readonly string[] Secrets = ["Pw-right", "Pw-wrong", "Pw-of-variable", "Tok-file", "Tok-literal", "Refresh-marker", "Client-marker", "Access-marker"];
    private static readonly string[] Accounts = ["literal", "wrong", "variable", "file", "command", "token", "refresh", "expired", "talker", "hut1", "hut2", "box"];

    private readonly StringBuilder said = new();
    private AiosmtpdSink sink = null!;
    private TokenEndpoint tokens = null!;
    private Household home = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Log => Path.Combine(home.Folder, "nightmail.log");

    private string Letter => Path.Combine(home.Folder, "letter");

    private string Seen => Path.Combine(home.Folder, "seen");

    public async ValueTask InitializeAsync()
    {
        sink = await AiosmtpdSink.StartAsync(new() { Login = ("ada", "Pw-right") });
        tokens = TokenEndpoint.Answering(
            (400, "{\"error\":\"invalid_grant\",\"error_description\":\"Refresh-marker is over\"}"), (200, "{\"access_token\":\"Access-marker\",\"expires_in\":3600}"),
            (400, "{\"error\":\"invalid_grant\"}"), (200, "{\"access_token\":\"Access-marker\",\"expires_in\":3600}"));
        home = Household.WithAccounts("");
        File.WriteAllText(Path.Combine(home.Folder, "password"), "Pw-right\n");
        File.WriteAllText(Path.Combine(home.Folder, "token"), "Tok-file\n");
        Install("editor", "sed -i 's/^Subject: .*/Subject: Edited/' \"$1\"");
        Install("himalaya1", "while IFS= read -r line || [ -n \"$line\" ]; do :; done; echo 'Message successfully sent!'");
        Install("himalaya2", "cat > /dev/null; printf '{\"message\":\"sent\"}\\n'");
        home.Configure(string.Join(",\n",
        [
            Smtp("literal", "\"password\": \"Pw-right\"", "\"default\": true,"), Smtp("wrong", "\"password\": \"Pw-wrong\""), Smtp("variable", "\"passwordEnv\": \"MARKED_PASSWORD\""),
            Smtp("file", $"\"passwordFile\": \"{home.Folder}/password\""), Smtp("command", $"\"passwordCommand\": \"env >> '{Seen}'; cat '{home.Folder}/password'\""),
            Smtp("token", $"\"mechanism\": \"xoauth2\", \"tokenFile\": \"{home.Folder}/token\""), Smtp("expired", "\"token\": \"Tok-literal\""),
            Smtp("talker", $"\"passwordCommand\": \"cat '{home.Folder}/password' >&2; exit 3\""),
            Smtp("refresh", $$"""
                "refresh": { "tokenEndpoint": "{{tokens.Address}}", "clientId": "me", "clientSecret": "Client-marker", "refreshToken": "Refresh-marker" }
                """),
            Command("hut1", "himalaya1 message send"), Command("hut2", "himalaya2 message send -a hut"),
            $"\"box\": {{ \"from\": \"ada@box.example\", \"transport\": {{ \"type\": \"folder\", \"path\": \"{home.Folder}/box\" }} }}",
        ]));
    }

    public async ValueTask DisposeAsync()
    {
        await home.DisposeAsync();
        await tokens.DisposeAsync();
        await sink.DisposeAsync();
    }

    [Fact]
    public async Task No_verb_and_no_way_out_shows_a_secret()
    {
        var ids = new List<string>();
        foreach (var account in Accounts)
        {
            var result = await SayAsync("schedule", "--to", $"{Recipient}@reader.example", "--subject", "Hello", "--body", Body, "--account", account, "--at", "in 1s", "--verbose", "--json");
            ids.Add(result.Json().GetProperty("id").GetString()!);
        }

        await SayAsync("edit", ids[0], "--verbose");
        (await home.RunAsync("show", ids[0])).Output.ShouldContain("Edited");
        await File.WriteAllTextAsync(Letter, $"From: ada@literal.example\nTo: {Recipient}@reader.example\nSubject: Hello\n\n{Body}\n", Cancel);
        var taken = await SayAsync("sendmail", "-t", "-i", "--at", "in 1s", "--verbose");
        (taken.ExitCode, taken.Output).ShouldBe((0, ""), taken.Errors);

        await SayAsync("run", "--once", "--verbose");
        var quiet = new StringBuilder();
        foreach (var verb in new[] { "run --once", "list --all", "health", "stats", "account list", "config show", "backup create", "backup list", "log" })
        {
            foreach (var json in new[] { false, true })
            {
                var words = verb.Split(' ').Append("--verbose").ToList();
                if (json) words.Add("--json");
                var result = await SayAsync([.. words]);
                // The list and the send log are where a person looks for recipients.
                if (verb is not ("list --all" or "log")) quiet.Append(result.Output).Append(result.Errors);
            }
        }

        foreach (var id in ids) quiet.Append((await SayAsync("why", id, "--verbose")).Output);
        foreach (var id in ids) await SayAsync("show", id, "--verbose");
        await SayAsync("show", ids[0], "--raw");
        foreach (var account in Accounts) await SayAsync("account", "test", account, "--verbose");
        var exported = Path.Combine(home.Folder, "exported.jsonl");
        quiet.Append((await SayAsync("export", exported, "--verbose")).Errors);
        (await File.ReadAllTextAsync(exported, Cancel)).ShouldContain(Recipient);
        await SayAsync("export", "--verbose");
        var imported = await home.RunHereAsync("import", exported, "--queue", Path.Combine(home.Folder, "other", "queue.json"), "--verbose");
        imported.ExitCode.ShouldBe(0, imported.Errors);
        said.Append(imported.Output).Append(imported.Errors);
        quiet.Append(imported.Output).Append(imported.Errors);
        await SayAsync("retry", "--failed", "--verbose");
        await SayAsync("run", "--once", "--verbose");
        foreach (var id in ids) await SayAsync("cancel", id, "--verbose");
        await SayAsync("account", "reset", "wrong", "--verbose");
        await SayAsync("account", "remove", "wrong", "--verbose");

        // The sweep has something to sweep: mail left, logins failed, programs were started.
        sink.Messages().Count.ShouldBeGreaterThanOrEqualTo(3);
        Directory.GetFiles(Path.Combine(home.Folder, "box")).ShouldHaveSingleItem();
        said.ToString().ShouldContain("535");
        said.ToString().ShouldContain("the password command failed with exit code 3");
        said.ToString().ShouldContain("invalid_grant");
        var seen = await File.ReadAllTextAsync(Seen, Cancel);
        seen.ShouldContain("himalaya1");
        seen.ShouldContain("himalaya2");
        seen.ShouldContain($"{home.Folder}/editor");

        var log = await File.ReadAllTextAsync(Log, Cancel);
        log.ShouldContain("sent email_");
        foreach (var secret in Secrets)
        {
            said.ToString().ShouldNotContain(secret, Case.Sensitive, $"printed: {secret}");
            log.ShouldNotContain(secret);
            seen.ShouldNotContain(secret, Case.Sensitive, $"another program saw {secret}");
            foreach (var file in Kept()) Encoding.UTF8.GetString(await File.ReadAllBytesAsync(file, Cancel)).ShouldNotContain(secret, Case.Sensitive, file);
        }

        log.ShouldNotContain(Body);
        seen.ShouldNotContain(Body);
        quiet.ToString().ShouldNotContain(Body);
        quiet.ToString().ShouldNotContain(Recipient);
    }

    [Fact]
    public async Task A_log_at_its_usual_level_names_no_recipient()
    {
        await home.RunAsync("schedule", "--to", $"{Recipient}@reader.example", "--subject", "Hello", "--body", Body, "--account", "literal", "--at", "in 1s", "--log", Log);
        await sink.SetRulesAsync(SinkRule.RefuseRecipient(null, $"550 5.1.1 <{Recipient}@reader.example> is unknown"));
        var run = await home.RunAsync("run", "--until-empty", "--log", Log);
        run.Errors.ShouldContain("is unknown");
        var log = await File.ReadAllTextAsync(Log, Cancel);
        log.ShouldContain("is unknown");
        foreach (var text in new[] { log, run.Errors, run.Output })
        {
            text.ShouldNotContain(Recipient);
            text.ShouldNotContain(Body);
        }
    }

    [Theory]
    [InlineData("\"pasword\": \"Pw-right\"")]
    [InlineData("\"password\": [\"Pw-right\"]")]
    [InlineData("\"password\": { \"x\": \"Pw-right\" }")]
    [InlineData("\"password\": \"Pw-right\", \"passwordFile\": \"x\"")]
    [InlineData("\"password\": \"Pw-right")]
    [InlineData("\"password\": \"Pw-right\", \"mechanism\": \"xoauth2\"")]
    public async Task A_mistake_beside_a_password_is_told_without_it(string auth)
    {
        home.Configure(Smtp("literal", auth));
        foreach (var verb in new[] { "config show", "account list", "account test literal", "run --once", "health" })
        {
            var result = await home.RunAsync([.. verb.Split(' '), "--verbose"]);
            $"{result.Output}{result.Errors}".ShouldNotContain("Pw-right", Case.Sensitive, verb);
        }
    }

    private async Task<ProgramResult> SayAsync(params string[] words)
    {
        // The variable is this program's alone: a shell that becomes it.
        var quoted = string.Join(' ', words.Concat(["--queue", home.Queue, "--log", Log]).Select(word => $"'{word}'"));
        var result = await home.StartOther("/bin/sh", "-c", $". '{home.Folder}/variables'; exec '{NightmailProgram.Path}' {quoted} < '{(words[0] == "sendmail" ? Letter : "/dev/null")}'").WaitAsync();
        said.AppendLine($"$ {string.Join(' ', words)}").Append(result.Output).Append(result.Errors);
        return result;
    }

    private IEnumerable<string> Kept() => Directory.EnumerateFiles(home.Folder, "*", SearchOption.AllDirectories)
        .Where(file => !file.StartsWith(Path.GetDirectoryName(home.Configuration)!, StringComparison.Ordinal) && Path.GetFileName(file) is not ("password" or "token" or "variables"));

    private string Smtp(string name, string auth, string further = "") => $$"""
        "{{name}}": {
          "from": "ada@{{name}}.example", {{further}}
          "transport": { "type": "smtp", "host": "127.0.0.1", "port": {{sink.Port}}, "security": "none", "auth": { "username": "ada", {{auth}} } }
        }
        """;

    private string Command(string name, string command) => $"\"{name}\": {{ \"from\": \"ada@{name}.example\", \"transport\": {{ \"type\": \"command\", \"command\": \"{home.Folder}/{command}\" }} }}";

    /// <summary>A program that notes what it, and who started it, were started with.</summary>
    private void Install(string name, string script)
    {
        File.WriteAllText(Path.Combine(home.Folder, "variables"), $"export MARKED_PASSWORD=Pw-of-variable NIGHTMAIL_API_KEY=Client-marker EDITOR='{home.Folder}/editor'\n");
        var path = Path.Combine(home.Folder, name);
        File.WriteAllText(path, $"#!/bin/sh\ncat /proc/$$/cmdline /proc/$$/environ /proc/$PPID/cmdline >> '{Seen}'\n{script}\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
