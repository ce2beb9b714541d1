using System.Globalization;
using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Store.File;
using Nightmail.Store.File.Disk;
using Nightmail.Store.Sql.Sqlite;

namespace Nightmail.Bench;

/// <summary>The folder a benchmark works in, thrown away at its end, and what it makes there.</summary>
internal sealed class Workshop : IDisposable
{
    /// <summary>Beside the program, not in the machine's temporary folder: that may lie in memory, where a flush to disk costs nothing.</summary>
    public string Folder { get; } = Directory.CreateDirectory(System.IO.Path.Combine(AppContext.BaseDirectory, $"work-{Environment.ProcessId}")).FullName;

    /// <summary>A path in the folder.</summary>
    public string Path(string name) => System.IO.Path.Combine(Folder, name);

    /// <summary>An email of the account <c>work</c> with a text of so many bytes.</summary>
    public static ScheduledEmail Email(string subject, int bytes, DateTimeOffset due, TimeProvider time) => new()
    {
        Id = EmailId.New(time),
        Content = new EmailContent
        {
            To = ["Grace Hopper <grace@example.org>"],
            Subject = subject,
            Text = string.Concat(Enumerable.Repeat("Lorem ipsum dolor sit amet, consectetur adipiscing elit sed.\n", (bytes / 61) + 1))[..bytes],
        },
        ScheduledFor = due,
        // What `schedule --at "tomorrow 9:00"` keeps beside the instant.
        Wish = new Wish(due.UtcDateTime.ToString("s", CultureInfo.InvariantCulture), "Europe/Berlin", TimeZoneRules.Default.Version),
        CreatedBy = "ada@laptop",
        CreatedAt = time.GetUtcNow(),
        LastModified = time.GetUtcNow(),
    };

    /// <summary>An account that sends to a port of this machine in the clear.</summary>
    public static Account AccountAt(int port, int connections) => new()
    {
        Name = "work",
        From = "Ada Lovelace <ada@example.org>",
        IsDefault = true,
        Transport = new TransportSettings.Smtp { Host = "127.0.0.1", Port = port, Security = SmtpSecurity.None },
        Limits = new AccountLimits { Connections = connections, EmailsPerConnection = 10_000 },
    };

    /// <summary>A store on this queue file.</summary>
    public static FileEmailStore OpenStore(string queue) => FileEmailStore.Open(new QueueFileOptions { Path = queue }, RealDisk.Instance, TimeProvider.System);

    /// <summary>A store, a transport and a worker around one new queue.</summary>
    public House Open(string name, int port, int connections)
    {
        var store = OpenStore(Path($"{name}.json"));
        return new(store, store.Blobs, AccountAt(port, connections));
    }

    /// <summary>The same around a new data folder of SQLite.</summary>
    public House OpenSqlite(string name, int port, int connections)
    {
        var store = OpenSqliteStore(name);
        return new(store, store.Blobs, AccountAt(port, connections));
    }

    /// <summary>The same around a data folder that is there.</summary>
    public static House OpenSqliteAt(string folder, int port, int connections)
    {
        var store = SqliteEmailStore.Open(new() { Folder = folder }, TimeProvider.System);
        return new(store, store.Blobs, AccountAt(port, connections));
    }

    /// <summary>A store on a new data folder.</summary>
    public SqliteEmailStore OpenSqliteStore(string name) => SqliteEmailStore.Open(new() { Folder = Path(name) }, TimeProvider.System);

    /// <summary>A queue file of so many emails, due from tomorrow on, with texts of 300 bytes.</summary>
    public async Task<string> QueueOfAsync(int emails, string name = "queue")
    {
        var queue = Path($"{name}.json");
        await using var store = OpenStore(queue);
        var time = TimeProvider.System;
        var tomorrow = time.GetUtcNow().AddDays(1);
        await store.AddAsync([.. Enumerable.Range(0, emails).Select(number => Email($"Minutes of meeting {number}", 300, tomorrow.AddMinutes(number), time))], CancellationToken.None);
        return queue;
    }

    /// <summary>The configuration of one account, where the program looks for it when the folder is its configuration home.</summary>
    public async Task WriteConfigurationAsync(int port)
    {
        Directory.CreateDirectory(Path("nightmail"));
        await File.WriteAllTextAsync(Path("nightmail/config.json"), $$"""
            { "accounts": { "work": { "from": "Ada Lovelace <ada@example.org>", "default": true,
                "transport": { "type": "smtp", "host": "127.0.0.1", "port": {{port}}, "security": "none" } } } }
            """);
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
