using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>Real processes that need an access token at the same moment, and have one refresh token among them that may be used once.</summary>
public sealed class SharedRefreshTokenTests
{
    private const int Processes = 4;

    private const string Script = """
        S: 220 mx
        ! any
        S: 250-mx
        S: 250 AUTH XOAUTH2
        ! any
        S: 235 2.7.0 welcome
        C: QUIT
        S: 221 bye
        """;

    [Fact]
    public async Task Processes_that_refresh_at_once_take_turns_and_keep_the_login()
    {
        var othersWait = new TaskCompletionSource();
        await using var endpoint = new RotatingTokenEndpoint(use => use == 1 ? othersWait.Task : Task.CompletedTask);
        await using var server = ScriptedSmtpServer.Play(Enumerable.Repeat(Script, Processes));
        await using var home = Household.WithAccounts("");
        var file = Path.Combine(home.Folder, "refresh");
        await File.WriteAllTextAsync(file, "r0\n", TestContext.Current.CancellationToken);
        home.Configure($$"""
            "work": {
              "from": "ada@sender.example",
              "transport": { "type": "smtp", "host": "127.0.0.1", "port": {{server.Port}}, "security": "none",
                "auth": { "username": "ada", "refresh": { "tokenEndpoint": "{{endpoint.Address}}", "clientId": "me", "refreshTokenFile": "{{file}}" } } }
            }
            """);

        var programs = Enumerable.Range(0, Processes).Select(_ => home.StartOther(NightmailProgram.Path, "account", "test", "work")).ToList();
        // The first one's answer is on its way until all the others are there: without turns each of them would use the same token now.
        (await Waiting.UntilAsync(() => endpoint.Uses > 1 || programs.TrueForAll(program => HasOpen(program.Id, file + ".lock")))).ShouldBeTrue();
        othersWait.SetResult();
        var results = await Task.WhenAll(programs.Select(program => program.WaitAsync()));

        results.Select(result => (result.ExitCode, result.Errors)).Distinct().ShouldBe([(0, "")]);
        (endpoint.IsRevoked, endpoint.Uses).ShouldBe((false, Processes));
        (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).ShouldBe($"r{Processes}\n");
        server.Problems.ShouldBeEmpty();
    }

    private static bool HasOpen(int process, string path)
    {
        try
        {
            return Directory.EnumerateFiles($"/proc/{process}/fd").Any(descriptor => new FileInfo(descriptor).LinkTarget == path);
        }
        catch (IOException)
        {
            // A descriptor was closed while it was looked at.
            return false;
        }
    }
}
