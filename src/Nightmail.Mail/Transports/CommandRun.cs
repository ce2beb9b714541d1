using System.ComponentModel;
using System.Diagnostics;

namespace Nightmail.Mail.Transports;

/// <summary>How one run of a program went.</summary>
/// <param name="ExitCode">Its exit code; null: it was killed, or never started.</param>
/// <param name="Ended">How it ended, in words.</param>
/// <param name="Words">What it said.</param>
internal sealed record CommandRun(int? ExitCode, string Ended, string Words)
{
    /// <summary>
    /// Opens the files and becomes the program; its words never are a shell's text. All three streams are files, so that nothing of it
    /// depends on us once it runs; a Ctrl-C that is meant for us does not reach it in the middle of a message.
    /// </summary>
    private const string Become = "trap '' INT HUP QUIT; in=$1 out=$2 err=$3; shift 3; exec \"$@\" <\"$in\" >\"$out\" 2>\"$err\"";

    /// <summary>The name under which the shell complains, where it cannot become the program; then it exits with 126 or 127.</summary>
    private const string Shell = "nightmail-exec";

    /// <summary>A process that a signal ended is reported by this and the signal's number.</summary>
    private const int Killed = 128;

    private const int LastSignal = 64;

    /// <summary>Set when the program did not even start, and why.</summary>
    public string? NotStarted { get; private init; }

    /// <summary>Runs it to its end; nobody breaks it off but the time limit.</summary>
    public static async Task<CommandRun> RunAsync(string program, IReadOnlyList<string> arguments, CommandFiles files, TimeSpan limit, TimeProvider time)
    {
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Become, Shell, files.Input, files.Output, files.Errors, program, .. arguments])
            {
                UseShellExecute = false,
            })!;
        }
        catch (Exception failed) when (failed is Win32Exception or IOException)
        {
            return new(null, "", "") { NotStarted = failed.Message };
        }

        using (process)
        {
            using var patience = new CancellationTokenSource(limit, time);
            try
            {
                await process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                await EndAsync(process);
                return new(null, $"did not end within {limit.TotalSeconds:0} s and was killed", files.Words());
            }

            var words = files.Words();
            return process.ExitCode switch
            {
                126 or 127 when words.StartsWith(Shell, StringComparison.Ordinal) => new(null, "", "") { NotStarted = words },
                > Killed and <= Killed + LastSignal and var code => new(code, $"was killed by signal {code - Killed}", words),
                var code => new(code, $"exited with {code}", words),
            };
        }
    }

    private static async Task EndAsync(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception gone) when (gone is InvalidOperationException or Win32Exception)
        {
            // It has just ended by itself.
        }

        await process.WaitForExitAsync(CancellationToken.None);
    }
}
