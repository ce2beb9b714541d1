using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Nightmail.Testing.EndToEnd;

/// <summary>What a run of the program left.</summary>
public sealed record ProgramResult(int ExitCode, string Output, string Errors)
{
    /// <summary>Its standard output as one JSON value.</summary>
    public JsonElement Json()
    {
        using var document = JsonDocument.Parse(Output);
        return document.RootElement.Clone();
    }
}

/// <summary>The real program in a process of its own, in surroundings that belong to the test.</summary>
public sealed class NightmailProgram : IAsyncDisposable
{
    /// <summary>How long any run may take before that is a failure; far above what a loaded machine needs.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly StringBuilder errors = new();
    private bool disposed;

    private NightmailProgram(Process process) => this.process = process;

    /// <summary>The program under test: the published one if <c>NIGHTMAIL_PROGRAM</c> names it, otherwise the one built beside the tests.</summary>
    public static string Path { get; } = Environment.GetEnvironmentVariable("NIGHTMAIL_PROGRAM") is { Length: > 0 } named
        ? named
        : System.IO.Path.Combine(AppContext.BaseDirectory, "nightmail");

    /// <summary>Its process id.</summary>
    public int Id => process.Id;

    /// <summary>True once it has ended.</summary>
    public bool HasExited => process.HasExited;

    /// <summary>What it has written to standard error so far.</summary>
    public string Errors
    {
        get
        {
            lock (errors) return errors.ToString();
        }
    }

    /// <summary>Starts the program.</summary>
    public static NightmailProgram Start(IReadOnlyDictionary<string, string?> environment, IEnumerable<string> arguments, string? input = null, string? file = null)
    {
        var start = new ProcessStartInfo(file ?? Path, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        var program = new NightmailProgram(new Process { StartInfo = start });
        program.process.OutputDataReceived += (_, line) => Add(program.output, line.Data);
        program.process.ErrorDataReceived += (_, line) => Add(program.errors, line.Data);
        program.process.Start();
        program.process.BeginOutputReadLine();
        program.process.BeginErrorReadLine();
        if (input is not null) program.process.StandardInput.Write(input);
        program.process.StandardInput.Close();
        return program;
    }

    /// <summary>Sends a signal by its name: <c>KILL</c>, <c>STOP</c>, <c>CONT</c>, <c>TERM</c>.</summary>
    public void Signal(string name) => SignalTo(process.Id, name);

    /// <summary>Sends a signal to a process that this test started.</summary>
    public static void SignalTo(int processId, string name)
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -{name} {processId} 2>/dev/null"]);
        kill.WaitForExit();
    }

    /// <summary>Waits for its end.</summary>
    public async Task<ProgramResult> WaitAsync()
    {
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException late)
        {
            process.Kill();
            throw new TimeoutException($"nightmail {string.Join(' ', process.StartInfo.ArgumentList)} does not end: {Errors}", late);
        }

        lock (output) lock (errors) return new(process.ExitCode, output.ToString(), errors.ToString());
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (disposed) return;
        disposed = true;
        if (!process.HasExited)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        process.Dispose();
    }

    private static void Add(StringBuilder text, string? line)
    {
        if (line is null) return;
        lock (text) text.AppendLine(line);
    }
}
