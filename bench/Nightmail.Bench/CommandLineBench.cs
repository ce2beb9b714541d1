using Nightmail.Bench.Measuring;
using Nightmail.Bench.Yardsticks;

namespace Nightmail.Bench;

/// <summary>Whole commands as a person types them, on a queue of 1,000 emails, beside a program that only says hello.</summary>
internal static class CommandLineBench
{
    private const int Emails = 1000;
    private const int Pairs = 15;

    private static readonly Bar Bar = new(Must: 3.5, Aim: 2, "x");

    /// <summary>Measures <c>schedule</c> and <c>list</c>.</summary>
    public static async Task RunAsync(Workshop workshop, Report report)
    {
        var program = Environment.GetEnvironmentVariable("NIGHTMAIL_PROGRAM")
            ?? throw new InvalidOperationException("NIGHTMAIL_PROGRAM is not set: run ./dev bench cli, which publishes the program first");
        Report.Progress("  building the hello world");
        var hello = await HelloWorld.BuildAsync(workshop.Path("hello"));
        var queue = await workshop.QueueOfAsync(Emails);
        await workshop.WriteConfigurationAsync(port: 25);
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["HOME"] = workshop.Folder, ["XDG_CONFIG_HOME"] = workshop.Folder };

        string[] schedule = ["--queue", queue, "schedule", "--to", "grace@example.org", "--subject", "One more", "--body", "Hello.", "--at", "in 30d"];
        string[] list = ["--queue", queue, "list"];
        var listed = await WholeProcess.RunAsync(program, [.. list, "--json"], environment);
        if (listed.Output.Length < Emails * 100) throw new InvalidOperationException("list does not show the emails");

        foreach (var (what, arguments) in ((string, string[])[])[("list, 1,000 emails", list), ("schedule, 1,000 emails there", schedule)])
        {
            Report.Progress($"  {what}");
            Samples ours = new(), yardstick = new();
            // The first pair fills the page cache.
            for (var pair = 0; pair <= Pairs; pair++)
            {
                var mine = await WholeProcess.RunAsync(program, arguments, environment);
                var theirs = await WholeProcess.RunAsync(hello, [], environment);
                if (pair == 0) continue;
                ours.Add(mine.Milliseconds);
                yardstick.Add(theirs.Milliseconds);
            }

            report.Add(new("cli", what, "ms", ours) { Yardstick = yardstick, YardstickName = "hello world", Bar = Bar });
        }
    }
}
