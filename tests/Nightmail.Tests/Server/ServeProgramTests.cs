using Nightmail.Server;
using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

/// <summary>The real program as a server: whom it runs as, who else may run one, who may read its files.</summary>
public sealed class ServeProgramTests : IDisposable
{
    /// <summary>A user that owns nothing and may do nothing.</summary>
    private const string Nobody = "65534";

    private readonly string folder = Directory.CreateTempSubdirectory("nightmail-serve-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void By_itself_it_listens_on_this_machine_alone() => new Uri(ServerOptions.DefaultUrl).IsLoopback.ShouldBeTrue();

    [Fact]
    public async Task It_needs_no_root_and_its_files_are_its_own()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can be another user");
        if (OperatingSystem.IsWindows()) return;
        await using var sink = await AiosmtpdSink.StartAsync();
        // Whoever looks into the folder may not read what lies there.
        await ShellAsync($"chown {Nobody}:{Nobody} '{folder}' && chmod 755 '{folder}'");
        await using var server = await RunningServer.StartAsync(folder, "/usr/bin/setpriv", "--reuid", Nobody, "--regid", Nobody, "--clear-groups");

        await server.PostAsync("/api/accounts", $$$"""{"name":"work","from":"news@sender.example","transport":{"type":"smtp","host":"127.0.0.1","port":{{{sink.Port}}},"security":"none"}}""");
        await server.PostAsync("/api/emails", """{"to":["ada@example.org"],"subject":"s","text":"t"}""");
        await Eventually.HoldsAsync(() => sink.Messages().Count == 1, "the email to arrive");
        await server.PostAsync("/api/backups", "{}");

        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            (File.GetUnixFileMode(file) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)).ShouldBe(UnixFileMode.None, file);
        server.Program.Signal("TERM");
        (await server.Program.WaitAsync()).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task A_second_server_on_the_folder_says_who_has_it_and_changes_nothing()
    {
        await using var server = await RunningServer.StartAsync(folder);

        await using var second = NightmailProgram.Start(RunningServer.Environment(folder), ["serve", "--data", Path.Combine(folder, "data"), "--urls", "http://127.0.0.1:0"]);
        var ended = await second.WaitAsync();

        ended.ExitCode.ShouldBe(75);
        ended.Errors.ShouldContain($"is used by process {server.Program.Id} ");
        ((int)(await server.GetAsync("/api/stats"))["totalScheduled"]!).ShouldBe(0);
    }

    private static async Task ShellAsync(string line)
    {
        await using var shell = NightmailProgram.Start(new Dictionary<string, string?>(), ["-c", line], file: "/bin/sh");
        (await shell.WaitAsync()).ExitCode.ShouldBe(0);
    }
}
