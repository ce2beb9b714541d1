using System.Runtime.Versioning;
using Nightmail.Cli.Services;
using Nightmail.Testing.EndToEnd;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Commands;

/// <summary>The real program with a systemctl and a crontab of the test's own: what belongs to the machine is left alone.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ServiceTests : IDisposable
{
    private readonly CliWorld world = new CliWorld().WithAccount();

    [Fact]
    public async Task A_systemd_of_the_users_own_gets_a_unit_that_runs_the_worker()
    {
        Tool("systemctl", "echo \"$*\" >> \"$HOME/asked\"");
        var unit = Path.Combine(world.Folder, ".config", "systemd", "user", "nightmail.service");

        var dry = await RunAsync("service install --dry-run");
        File.Exists(unit).ShouldBeFalse();
        var installed = await RunAsync("service install --queue 'my queue.json'");

        dry.Output.ShouldStartWith($"{unit}:\n[Unit]\n");
        installed.Output.ShouldBe($"systemd: installed, active ({unit})\n");
        installed.Errors.ShouldContain("loginctl enable-linger");
        File.ReadAllText(unit).ShouldContain($"ExecStart=\"{NightmailProgram.Path}\" \"run\" \"--queue\" \"{world.Folder}/my queue.json\"\n");
        File.ReadAllText(Path.Combine(world.Folder, "asked")).ShouldEndWith("--user daemon-reload\n--user enable nightmail.service\n--user restart nightmail.service\n");
        (await RunAsync("service uninstall")).ExitCode.ShouldBe(0);
        File.Exists(unit).ShouldBeFalse();
        (await RunAsync("service status")).ExitCode.ShouldBe(3);
    }

    [Fact]
    public async Task Without_it_cron_gets_a_line_and_what_else_is_in_the_crontab_stays()
    {
        Tool("systemctl", "exit 1");
        Tool("crontab", "if [ \"$1\" = -l ]; then cat \"$HOME/table\" 2>/dev/null || { echo 'no crontab for ada' >&2; exit 1; }; else cat > \"$HOME/table\"; fi");
        var table = Path.Combine(world.Folder, "table");

        (await RunAsync("service install")).Output.ShouldBe("cron: installed, active (crontab)\n");
        File.ReadAllText(table).ShouldBe($"* * * * * {NightmailProgram.Path} run --once >/dev/null 2>&1 # nightmail service\n");
        File.WriteAllText(table, $"0 5 * * * backup\n{File.ReadAllText(table)}@daily tidy\n");
        (await RunAsync("service install")).ExitCode.ShouldBe(0);
        File.ReadAllText(table).ShouldBe($"0 5 * * * backup\n@daily tidy\n* * * * * {NightmailProgram.Path} run --once >/dev/null 2>&1 # nightmail service\n");
        (await RunAsync("service status --json")).Json().GetProperty("installed").GetBoolean().ShouldBeTrue();
        (await RunAsync("service uninstall")).ExitCode.ShouldBe(0);

        File.ReadAllText(table).ShouldBe("0 5 * * * backup\n@daily tidy\n");
        (await RunAsync("service uninstall")).ExitCode.ShouldBe(3);
    }

    [Fact]
    public async Task No_program_of_the_system_inherits_a_secret()
    {
        world.WithConfig("""{ "accounts": { "work": { "from": "ada@a.test", "transport": { "type": "smtp", "host": "mx.a.test", "auth": { "username": "ada", "passwordEnv": "ADAS_PASSWORD" } } } } }""");
        Tool("systemctl", "env >> \"$HOME/inherited\"; exit 1");
        Tool("crontab", "env >> \"$HOME/inherited\"; [ \"$1\" != -l ] || { echo 'no crontab for ada' >&2; exit 1; }; cat >/dev/null");

        foreach (var action in new[] { "install", "status", "uninstall" })
            await world.RunShellAsync($"PATH=\"$HOME/bin:$PATH\" ADAS_PASSWORD=hush NIGHTMAIL_API_KEY=hush SOME_WORD=said exec \"$nightmail\" service {action}");

        var inherited = await File.ReadAllTextAsync(Path.Combine(world.Folder, "inherited"), TestContext.Current.CancellationToken);
        inherited.ShouldContain("SOME_WORD=said");
        inherited.ShouldNotContain("hush");
    }

    [Fact]
    public void What_means_something_to_systemd_and_cron_is_escaped()
    {
        SystemdUnit.Text(["/opt/100% \"my\" $PATH\\x"]).ShouldContain("ExecStart=\"/opt/100%% \\\"my\\\" $$PATH\\\\x\"\n");
        CronEntry.Line(["/opt/a b/100%", "run"]).ShouldStartWith("* * * * * '/opt/a b/100\\%' run ");
    }

    public void Dispose() => world.Dispose();

    private void Tool(string name, string script)
    {
        Directory.CreateDirectory(Path.Combine(world.Folder, "bin"));
        var path = world.Write(Path.Combine("bin", name), $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private Task<ProgramResult> RunAsync(string words) => world.RunShellAsync($"cd \"$HOME\"; PATH=\"$HOME/bin:$PATH\" exec \"$nightmail\" {words}");
}
