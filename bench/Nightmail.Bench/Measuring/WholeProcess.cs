using System.Diagnostics;

namespace Nightmail.Bench.Measuring;

/// <summary>Runs other programs from their start to their end.</summary>
internal static class WholeProcess
{
    /// <summary>No program that is measured here takes this long; one that does hangs.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>Runs the program and takes the time from before its start until after its end.</summary>
    /// <returns>The milliseconds, and what it wrote to standard output.</returns>
    /// <exception cref="InvalidOperationException">It did not end with 0.</exception>
    public static async Task<(double Milliseconds, string Output)> RunAsync(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal)) start.Environment[name] = value;
        using var patience = new CancellationTokenSource(Limit, TimeProvider.System);
        var started = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(patience.Token);
        var errors = process.StandardError.ReadToEndAsync(patience.Token);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        var took = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        var written = await output;
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {(await errors).Trim()} {written.Trim()}");
        return (took, written);
    }
}
