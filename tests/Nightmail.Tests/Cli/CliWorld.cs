using System.Text;
using System.Text.Json;
using Nightmail.Cli;
using Nightmail.Testing;
using Nightmail.Testing.EndToEnd;
using NodaTime;

namespace Nightmail.Tests.Cli;

/// <summary>A home folder of its own, a clock that stands still, and the program in this process.</summary>
internal sealed class CliWorld : IDisposable
{
    private readonly Dictionary<string, string> variables = [];

    private readonly TimeProvider? clock;

    /// <param name="clock">The program's clock; null: one that stands still, <see cref="Time"/>.</param>
    public CliWorld(TimeProvider? clock = null)
    {
        this.clock = clock;
        Folder = Directory.CreateTempSubdirectory("nightmail-cli-").FullName;
        variables["HOME"] = Folder;
    }

    public string Folder { get; }

    public ManualTime Time { get; } = new(new(2026, 11, 22, 8, 0, 0, TimeSpan.Zero));

    public string Queue => Path.Combine(Folder, ".config", "himalaya", "scheduled_emails.json");

    public string ConfigFile => Path.Combine(Folder, ".config", "nightmail", "config.json");

    /// <summary>Gets or sets what says who schedules; a test may have it fail.</summary>
    public Func<string> UserAtHost { get; set; } = () => "ada@hut";

    /// <summary>Gets the callback that the program registered for signals.</summary>
    public Action? Signal { get; private set; }

    public CliWorld With(string variable, string value)
    {
        variables[variable] = value;
        return this;
    }

    /// <summary>One account that writes into a folder.</summary>
    public CliWorld WithAccount() => WithConfig("""{ "accounts": { "work": { "from": "Ada <ada@example.org>", "transport": { "type": "folder", "path": "OUTBOX" } } } }""".Replace("OUTBOX", Outbox, StringComparison.Ordinal));

    public string Outbox => Path.Combine(Folder, "outbox");

    public CliWorld WithConfig(string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(ConfigFile)!);
        File.WriteAllText(ConfigFile, text);
        return this;
    }

    public string Write(string name, string text)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllText(path, text);
        // As a person's own files mostly are: nobody is warned about them.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    public Task<CliResult> RunAsync(params string[] arguments) => RunAsync(Stream.Null, CancellationToken.None, arguments);

    public Task<CliResult> RunWithInputAsync(string input, params string[] arguments) =>
        RunAsync(new MemoryStream(Encoding.UTF8.GetBytes(input)), CancellationToken.None, arguments);

    public async Task<CliResult> RunAsync(Stream input, CancellationToken cancellationToken, params string[] arguments)
    {
        using var bytes = new MemoryStream();
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var exitCode = await Task.Run(() => NightmailApp.Run(arguments, Surroundings(input, output, error, bytes), cancellationToken), CancellationToken.None);
        return new(exitCode, output.ToString() + Encoding.UTF8.GetString(bytes.ToArray()), error.ToString());
    }

    /// <summary>Starts the real program in this home.</summary>
    public NightmailProgram Start(params string[] arguments) => NightmailProgram.Start(Environment(), arguments);

    /// <summary>Runs a line of a shell in this home, in which $nightmail is the real program.</summary>
    public NightmailProgram StartShell(string line, string shell = "/bin/sh") => NightmailProgram.Start(Environment(), ["-c", line], file: shell);

    /// <summary>Runs a line of a shell to its end.</summary>
    public async Task<ProgramResult> RunShellAsync(string line, string shell = "/bin/sh")
    {
        await using var program = StartShell(line, shell);
        return await program.WaitAsync();
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private Dictionary<string, string?> Environment() => new()
    {
        ["HOME"] = Folder,
        ["TZ"] = "Europe/Berlin",
        ["XDG_CONFIG_HOME"] = null,
        ["XDG_STATE_HOME"] = null,
        ["HIMALAYA_QUEUE_FILE"] = null,
        ["HIMALAYA_NO_PERSISTENCE"] = null,
        ["NIGHTMAIL_SERVER"] = null,
        ["VISUAL"] = null,
        ["EDITOR"] = null,
        ["nightmail"] = NightmailProgram.Path,
    };

    private Surroundings Surroundings(Stream input, TextWriter output, TextWriter error, Stream bytes) => new()
    {
        OpenInput = () => input,
        OutputOf = () => output,
        ErrorOf = () => error,
        OpenOutput = () => bytes,
        Time = clock ?? Time,
        Random = new Random(1),
        Variable = name => variables.GetValueOrDefault(name),
        MachineZone = () => DateTimeZoneProviders.Tzdb["Europe/Berlin"],
        UserAtHost = UserAtHost,
        OnStopSignal = callback =>
        {
            Signal = callback;
            return Stream.Null;
        },
    };
}

/// <summary>What a command left behind.</summary>
internal sealed record CliResult(int ExitCode, string Output, string Error)
{
    /// <summary>Gets the first word on standard output: the id, after most commands.</summary>
    public string Id => Output.Split(' ', '\n')[0];

    /// <summary>Reads standard output as one JSON value.</summary>
    public JsonElement Json()
    {
        using var document = JsonDocument.Parse(Output);
        return document.RootElement.Clone();
    }
}
