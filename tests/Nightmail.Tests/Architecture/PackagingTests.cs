using System.Diagnostics;
using System.Text.RegularExpressions;
using Nightmail.Tests.Cli;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Architecture;

public sealed partial class PackagingTests
{
    private static readonly string Unit = File.ReadAllText(Path.Combine(Checkout.Root, "packaging", "nightmail.service"));
    private static readonly string Image = File.ReadAllText(Path.Combine(Checkout.Root, "packaging", "Dockerfile"));

    [Fact]
    public async Task What_unit_and_image_start_is_a_command_of_this_program()
    {
        var unit = Unit.Split('\n').Single(line => line.StartsWith("ExecStart=/", StringComparison.Ordinal)).Split(' ')[1..];
        var image = Quoted().Matches(Image.Split('\n').Single(line => line.StartsWith("ENTRYPOINT", StringComparison.Ordinal))).Select(match => match.Groups["word"].Value).Skip(1).ToArray();

        foreach (var words in (string[][])[unit, image])
        {
            words[0].ShouldBe("serve");
            using var world = new CliWorld();
            (await world.RunAsync([.. words, "--help"])).ExitCode.ShouldBe(0, string.Join(' ', words));
            (await world.RunAsync([.. words, "--queue="])).Error.ShouldContain("--queue is empty", Case.Sensitive, "every other word was understood");
        }
    }

    [Fact]
    public void The_unit_waits_longer_than_the_server_takes_to_end_in_order()
    {
        var limit = int.Parse(Unit.Split('\n').Single(line => line.StartsWith("TimeoutStopSec=", StringComparison.Ordinal))["TimeoutStopSec=".Length..].TrimEnd('s'));

        TimeSpan.FromSeconds(limit).ShouldBeGreaterThan(Nightmail.Server.Workers.WorkerService.FinishLimit + TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Systemd_takes_the_unit_and_finds_it_shut_in()
    {
        const string Analyze = "/usr/bin/systemd-analyze";
        Assert.SkipUnless(File.Exists(Analyze), "systemd is not installed here");
        var folder = Directory.CreateTempSubdirectory("nightmail-unit-").FullName;
        try
        {
            var path = Path.Combine(folder, "nightmail.service");
            await File.WriteAllTextAsync(path, Unit.Replace("/usr/local/lib/nightmail/nightmail", "/bin/true", StringComparison.Ordinal));

            var verified = await RunAsync(Analyze, "verify", path);
            var judged = await RunAsync(Analyze, "security", "--offline=true", "--no-pager", path);

            verified.ShouldBe((0, ""));
            double.Parse(Exposure().Match(judged.Output).Groups["level"].Value, System.Globalization.CultureInfo.InvariantCulture).ShouldBeLessThan(2.0);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void The_image_runs_without_root_and_keeps_its_data_in_a_volume()
    {
        Image.ShouldContain("\nUSER $APP_UID\n");
        Image.ShouldContain("\nVOLUME /data\n");
        Image.ShouldContain("--behind-proxy");
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string program, params string[] words)
    {
        var start = new ProcessStartInfo(program, words) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await error);
    }

    [GeneratedRegex("\"(?<word>[^\"]*)\"", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Quoted();

    [GeneratedRegex("exposure level for [^:]*: (?<level>[0-9.]+)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Exposure();
}
