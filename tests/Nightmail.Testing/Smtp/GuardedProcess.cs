using System.Diagnostics;
using System.Text;

namespace Nightmail.Testing.Smtp;

/// <summary>
/// A child process that cannot outlive its test: it ends when its standard input does, which the kernel closes even when the test
/// process is killed.
/// </summary>
internal sealed class GuardedProcess : IAsyncDisposable
{
    /// <summary>How long a child may take to start or to end before that is a failure; far above what a loaded machine needs.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Runs the rest of its arguments in the background, waits for the end of its own input, and takes them down.</summary>
    private const string Guard = "\"$@\" & child=$!; cat >/dev/null; kill -9 \"$child\" 2>/dev/null; wait";

    private readonly Process process;
    private readonly StringBuilder errors = new();

    private GuardedProcess(Process process) => this.process = process;

    /// <summary>What it has written to standard error so far.</summary>
    public string Errors
    {
        get
        {
            lock (errors) return errors.ToString();
        }
    }

    /// <summary>Its standard output.</summary>
    public StreamReader Output => process.StandardOutput;

    /// <summary>Its standard input.</summary>
    public StreamWriter Input => process.StandardInput;

    /// <summary>True once it has ended.</summary>
    public bool HasExited => process.HasExited;

    /// <summary>Starts a program that ends by itself at the end of its input.</summary>
    public static GuardedProcess Start(string file, IEnumerable<string> arguments)
    {
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(file, arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            },
        };
        var guarded = new GuardedProcess(process);
        process.ErrorDataReceived += (_, line) =>
        {
            lock (guarded.errors) guarded.errors.AppendLine(line.Data);
        };
        process.Start();
        process.BeginErrorReadLine();
        return guarded;
    }

    /// <summary>Starts a program that knows nothing of its input, under a shell that watches it.</summary>
    public static GuardedProcess StartWatched(string file, IEnumerable<string> arguments) =>
        Start("/bin/sh", ["-c", Guard, "guard", file, .. arguments]);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already.
        }

        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
    }
}
