using System.ComponentModel;
using System.Diagnostics;

namespace Nightmail.Cli.Services;

/// <summary>Runs a program of the system to its end.</summary>
internal static class SystemTool
{
    /// <summary>Runs it.</summary>
    /// <returns>Its exit code and what it printed; 127 when there is no such program.</returns>
    public static async Task<(int ExitCode, string Output)> RunAsync(string name, IReadOnlyList<string> arguments, string? input, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(name, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var error = process.StandardError.ReadToEndAsync(cancellationToken);
            if (input is not null) await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, process.ExitCode == 0 ? await output : $"{await error}{await output}");
        }
        catch (Win32Exception)
        {
            return (127, $"there is no program {name}");
        }
    }

    /// <summary>Runs it, and has it succeed.</summary>
    /// <exception cref="CommandFailure">It did not.</exception>
    public static async Task<string> RequireAsync(string name, IReadOnlyList<string> arguments, string? input, CancellationToken cancellationToken)
    {
        var (exitCode, output) = await RunAsync(name, arguments, input, cancellationToken);
        return exitCode == 0 ? output : throw CommandFailure.Refused($"{name} {string.Join(' ', arguments)} ended with {exitCode}: {output.Trim()}");
    }
}
