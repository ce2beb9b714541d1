using System.Diagnostics;

namespace Nightmail.Testing.Cli;

/// <summary>The real program, built beside the tests, in a process and a home folder of its own.</summary>
public sealed class NightmailProgram(string home)
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "nightmail");

    /// <summary>Runs a command to its end.</summary>
    public async Task<ProgramResult> RunAsync(params string[] arguments)
    {
        await using var program = Start(arguments);
        return await program.EndAsync();
    }

    /// <summary>Starts a command that goes on. A worker should get <c>--while-pid</c> with the test's own process, so that it cannot outlive it.</summary>
    public RunningProgram Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = home,
        };
        start.Environment["HOME"] = home;
        start.Environment["TZ"] = "Europe/Berlin";
        foreach (var name in new[] { "XDG_CONFIG_HOME", "HIMALAYA_QUEUE_FILE", "HIMALAYA_NO_PERSISTENCE", "NIGHTMAIL_SERVER" }) start.Environment.Remove(name);
        return new(Process.Start(start)!);
    }
}

/// <summary>What a command left behind.</summary>
public sealed record ProgramResult(int ExitCode, string Output, string Error);

/// <summary>A command that is under way.</summary>
public sealed class RunningProgram : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process process;
    private readonly Task<string> output;
    private readonly List<string> errors = [];
    private readonly TaskCompletionSource errorsEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal RunningProgram(Process process)
    {
        this.process = process;
        process.StandardInput.Close();
        output = process.StandardOutput.ReadToEndAsync();
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null) errorsEnded.TrySetResult();
            else lock (errors) errors.Add(line.Data);
        };
        process.BeginErrorReadLine();
    }

    /// <summary>Its process.</summary>
    public int Id => process.Id;

    /// <summary>Waits until a line on standard error holds these words.</summary>
    public async Task WaitForAsync(string words)
    {
        var watch = Stopwatch.StartNew();
        while (!Says(words))
        {
            if (watch.Elapsed > Patience || process.HasExited) throw new TimeoutException($"never said '{words}' but: {string.Join('\n', Errors())}");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }
    }

    /// <summary>Sends a signal (<c>TERM</c>, <c>INT</c>, <c>KILL</c>, <c>STOP</c>, <c>CONT</c>).</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Waits for its end.</summary>
    public async Task<ProgramResult> EndAsync()
    {
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        await process.WaitForExitAsync(patience.Token);
        await errorsEnded.Task.WaitAsync(patience.Token);
        return new(process.ExitCode, await output, string.Concat(Errors().Select(line => line + "\n")));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        process.Dispose();
        return ValueTask.CompletedTask;
    }

    private bool Says(string words) => Errors().Any(line => line.Contains(words, StringComparison.Ordinal));

    private string[] Errors()
    {
        lock (errors) return [.. errors];
    }
}
