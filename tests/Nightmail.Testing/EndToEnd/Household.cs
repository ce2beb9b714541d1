using System.Globalization;
using System.Text.Json;
using Nightmail.Core.Emails;
using Nightmail.Store.File;
using Nightmail.Store.File.Disk;

namespace Nightmail.Testing.EndToEnd;

/// <summary>A person's home for one test: a folder with a configuration and a queue of its own, and the real program to work on it.</summary>
public sealed class Household : IAsyncDisposable
{
    private readonly Dictionary<string, string?> environment;
    private readonly List<NightmailProgram> started = [];

    private Household(string folder)
    {
        Folder = folder;
        environment = new()
        {
            ["HOME"] = folder,
            ["XDG_CONFIG_HOME"] = Path.Combine(folder, "config"),
            ["HIMALAYA_QUEUE_FILE"] = null,
            ["TZ"] = "Europe/Berlin",
            ["NO_COLOR"] = "1",
        };
    }

    /// <summary>Everything of this home lies below it.</summary>
    public string Folder { get; }

    /// <summary>The queue file.</summary>
    public string Queue => Path.Combine(Folder, "queue.json");

    /// <summary>The configuration.</summary>
    public string Configuration => Path.Combine(Folder, "config", "nightmail", "config.json");

    /// <summary>A home whose one account speaks to an SMTP server on loopback in the clear.</summary>
    /// <param name="port">The server's port.</param>
    /// <param name="connections">Emails on their way at once.</param>
    /// <param name="further">Further top-level members of the configuration: <c>"deferral": {…}</c>.</param>
    public static Household WithServer(int port, int connections = 4, string further = "")
    {
        var account = $$"""
            "work": {
              "from": "Ada Lovelace <ada@sender.example>", "default": true,
              "transport": { "type": "smtp", "host": "127.0.0.1", "port": {{port}}, "security": "none" },
              "limits": { "connections": {{connections.ToString(CultureInfo.InvariantCulture)}} }
            }
            """;
        return WithAccounts(account, further);
    }

    /// <summary>A home with these accounts.</summary>
    /// <param name="accounts">The members of the section <c>accounts</c>.</param>
    /// <param name="further">Further top-level members of the configuration.</param>
    public static Household WithAccounts(string accounts, string further = "")
    {
        var home = new Household(Directory.CreateTempSubdirectory("nightmail-home-").FullName);
        Directory.CreateDirectory(Path.GetDirectoryName(home.Configuration)!);
        home.Configure(accounts, further);
        return home;
    }

    /// <summary>Writes the configuration anew.</summary>
    public void Configure(string accounts, string further = "") =>
        File.WriteAllText(Configuration, $"{{\n  \"accounts\": {{\n{accounts}\n  }}{(further.Length == 0 ? "" : ",\n  " + further)}\n}}\n");

    /// <summary>Starts the program on this queue.</summary>
    public NightmailProgram Start(params string[] arguments) => StartWith(null, arguments);

    /// <summary>Runs the program on this queue to its end.</summary>
    public async Task<ProgramResult> RunAsync(params string[] arguments) => await StartWith(null, arguments).WaitAsync();

    /// <summary>Runs the program with something on its standard input.</summary>
    public async Task<ProgramResult> RunWithInputAsync(string input, params string[] arguments) => await StartWith(input, arguments).WaitAsync();

    /// <summary>Runs the program to its end with exactly these arguments.</summary>
    public async Task<ProgramResult> RunHereAsync(params string[] arguments) => await StartOther(NightmailProgram.Path, arguments).WaitAsync();

    /// <summary>Starts another program in these surroundings.</summary>
    public NightmailProgram StartOther(string file, params string[] arguments)
    {
        var program = NightmailProgram.Start(environment, arguments, file: file);
        started.Add(program);
        return program;
    }

    /// <summary>A worker, once it is known to the store.</summary>
    public async Task<NightmailProgram> StartWorkerAsync(params string[] arguments)
    {
        var worker = Start(["run", .. arguments]);
        await using var store = OpenStore();
        var there = false;
        for (var looks = 0; !there && !worker.HasExited && looks < 3_000; looks++)
        {
            there = (await store.WorkersAsync(CancellationToken.None)).Any(each => each.ProcessId == worker.Id);
            if (!there) await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }

        return there || worker.HasExited ? worker : throw new TimeoutException($"the worker does not start: {worker.Errors}");
    }

    /// <summary>Every email of the queue as the program shows it, final ones included.</summary>
    public async Task<IReadOnlyList<JsonElement>> ListAsync()
    {
        var result = await RunAsync("list", "--all", "--json");
        return result.ExitCode == 0 ? [.. result.Json().EnumerateArray()] : throw new InvalidOperationException(result.Errors);
    }

    /// <summary>The queue as another program of this machine sees it: real file, real lock.</summary>
    public FileEmailStore OpenStore() => FileEmailStore.Open(new QueueFileOptions { Path = Queue }, RealDisk.Instance, TimeProvider.System);

    /// <summary>Schedules many small emails at once.</summary>
    /// <param name="count">How many.</param>
    /// <param name="due">When number n, from 0, is due.</param>
    public async Task<IReadOnlyList<ScheduledEmail>> ScheduleManyAsync(int count, Func<int, DateTimeOffset> due)
    {
        var now = TimeProvider.System.GetUtcNow();
        await using var store = OpenStore();
        List<ScheduledEmail> emails = [.. Enumerable.Range(0, count).Select(number => new ScheduledEmail
        {
            Id = EmailId.New(TimeProvider.System),
            Content = new()
            {
                To = [$"reader{number.ToString(CultureInfo.InvariantCulture)}@recipient.example"],
                Subject = $"Number {number.ToString(CultureInfo.InvariantCulture)}",
                Text = "A small email.",
            },
            ScheduledFor = due(number),
            CreatedAt = now,
            LastModified = now,
        })];
        await store.AddAsync(emails, CancellationToken.None);
        return emails;
    }

    /// <summary>Waits until the queue looks like that; fails after two minutes, saying what it looks like.</summary>
    public async Task WaitForAsync(Func<IReadOnlyList<ScheduledEmail>, bool> holds)
    {
        await using var store = OpenStore();
        var end = TimeProvider.System.GetUtcNow() + NightmailProgram.Patience;
        while (true)
        {
            var rows = await store.ListAsync(new(), CancellationToken.None);
            if (holds(rows)) return;
            if (TimeProvider.System.GetUtcNow() > end)
            {
                var states = string.Join(", ", rows.GroupBy(row => row.Status).Select(group => $"{group.Count()} {group.Key.Name()}"));
                throw new TimeoutException($"the queue has {states}; workers say: {string.Join('\n', started.Select(program => program.Errors))}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var program in started) await program.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private NightmailProgram StartWith(string? input, string[] arguments)
    {
        var program = NightmailProgram.Start(environment, [.. arguments, "--queue", Queue], input);
        started.Add(program);
        return program;
    }
}
