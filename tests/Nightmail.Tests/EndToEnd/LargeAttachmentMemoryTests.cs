using System.Globalization;
using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>What a large attachment costs the whole program.</summary>
public sealed class LargeAttachmentMemoryTests
{
    private const int Megabyte = 1024 * 1024;

    /// <summary>Tells the most memory that a program ever had, in KiB, behind what the program says.</summary>
    private const string Measure = "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)";

    [Fact]
    public async Task Twenty_five_megabytes_to_three_recipients_grow_the_worker_by_less_than_forty()
    {
        await using var sink = await SmtpSink.StartAsync(storeMessages: false);
        await using var home = Household.WithServer(sink.Port);
        var film = Path.Combine(home.Folder, "film.mp4");
        await using (var file = File.Create(film)) file.SetLength(25 * Megabyte);

        var small = await PeakAsync(home, "--to", "a@b.test", "--subject", "small", "--body", "x");
        var large = await PeakAsync(home, "--to", "a@b.test", "--to", "b@b.test", "--cc", "c@b.test", "--subject", "large", "--body", "x", "--attach", film);

        (large - small).ShouldBeLessThan(40L * Megabyte);
    }

    /// <summary>The most memory that the worker has while it sends such an email.</summary>
    private static async Task<long> PeakAsync(Household home, params string[] email)
    {
        (await home.RunAsync(["schedule", .. email, "--at", "in 1s"])).ExitCode.ShouldBe(0);
        await using var worker = home.StartOther("python3", "-c", Measure, NightmailProgram.Path, "run", "--until-empty", "--queue", home.Queue);
        var result = await worker.WaitAsync();
        result.ExitCode.ShouldBe(0, result.Errors);
        (await home.ListAsync()).ShouldAllBe(row => row.GetProperty("status").GetString() == "sent");
        return long.Parse(result.Output.Trim().Split('\n')[^1], CultureInfo.InvariantCulture) * 1024;
    }
}
