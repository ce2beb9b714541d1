using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Mail.Mime;
using Nightmail.Mail.Transports;
using Nightmail.Store.Sql.Sqlite;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.Sql;

/// <summary>A real process that owns a data folder, sends, schedules, and is killed.</summary>
public sealed class KilledServerTests
{
    private const int Connections = 4;
    private const int Seed = 20261125;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    [Trait("Category", "Torture")]
    public async Task A_killed_server_loses_nothing_and_doubles_nothing()
    {
        var kills = int.TryParse(Environment.GetEnvironmentVariable("NIGHTMAIL_TORTURE_ROUNDS"), out var rounds) ? rounds : 15;
        var random = new Random(Seed);
        await using var sink = await SmtpSink.StartAsync();
        var folder = Directory.CreateTempSubdirectory("nightmail-killed-");
        var promised = new List<string>();
        for (var kill = 0; kill < kills; kill++) promised.AddRange(await RunUntilKilledAsync(folder.FullName, sink.Port, random.Next(1, 120)));

        var rows = await FinishAsync(folder.FullName, sink.Port);
        rows.Select(row => row.Id.ToString()).Intersect(promised, StringComparer.Ordinal).Count().ShouldBe(promised.Count, "whoever was promised is there");
        var arrivals = sink.Messages().GroupBy(message => message.Header("Message-ID")!, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count());
        arrivals.Values.ShouldAllBe(copies => copies == 1, $"seed {Seed}");
        var doubtful = rows.Where(row => row.Status == EmailStatus.InDoubt).ToList();
        doubtful.Count.ShouldBeLessThanOrEqualTo(kills * Connections);
        rows.Where(row => row.Status != EmailStatus.InDoubt).ShouldAllBe(row => row.Status == EmailStatus.Sent && arrivals.ContainsKey(MessageId(row)));
        IsWhole(Path.Combine(folder.FullName, "nightmail.db")).ShouldBeTrue();
        IsWhole(Path.Combine(folder.FullName, "ledger.db")).ShouldBeTrue();
        TestContext.Current.TestOutputHelper?.WriteLine($"{kills} kills, {rows.Count} emails, {promised.Count} promised, {doubtful.Count} in doubt, {doubtful.Count(row => arrivals.ContainsKey(MessageId(row)))} of those at the sink");
        folder.Delete(recursive: true);
    }

    private static async Task<List<string>> RunUntilKilledAsync(string folder, int port, int lines)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Nightmail.SqliteServer"), [folder, port.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true, UseShellExecute = false };
        using var server = Process.Start(start)!;
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        var promised = new List<string>();
        try
        {
            while (promised.Count < lines && await server.StandardOutput.ReadLineAsync(patience.Token) is { } line) promised.Add(line["kept ".Length..]);
        }
        finally
        {
            server.Kill();
        }

        // What it said before it died it has promised too; a line that was cut off it has not said.
        while (await server.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            if (EmailId.TryParse(line.Replace("kept ", "", StringComparison.Ordinal), out var id) && line.Length == "kept ".Length + id.ToString().Length) promised.Add(id.ToString());
        }

        await server.WaitForExitAsync(patience.Token);
        promised.Count.ShouldBeGreaterThanOrEqualTo(lines, "it ended by itself");
        return promised;
    }

    /// <summary>One more server, of this process, that finishes what is left.</summary>
    private static async Task<IReadOnlyList<ScheduledEmail>> FinishAsync(string folder, int port)
    {
        var time = TimeProvider.System;
        var account = new Account
        {
            Name = "work", From = "Ada Lovelace <ada@sender.example>", IsDefault = true,
            Transport = new TransportSettings.Smtp { Host = "127.0.0.1", Port = port, Security = SmtpSecurity.None },
        };
        await using var store = SqliteEmailStore.Open(new() { Folder = folder }, time);
        await store.RescueAsync(DoubtPolicy.Hold, CancellationToken.None);

        // An email that lost two workers in a row waits, or is paused, in case it kills them; a person who knows better sends it now.
        foreach (var row in (await store.ListAsync(new(), CancellationToken.None)).Where(row => row.Status is EmailStatus.Pending or EmailStatus.Paused))
        {
            if (row.Status == EmailStatus.Paused) (await store.ChangeAsync(row.Id, new EmailChange.Resume(), CancellationToken.None)).Refusal.ShouldBeNull();
            if (row.NextAttempt is not null) (await store.ChangeAsync(row.Id, new EmailChange.Reschedule(time.GetUtcNow(), null), CancellationToken.None)).Refusal.ShouldBeNull();
        }

        await using var transport = TransportFactory.Create(account, new DeliveryPolicy().Retry, time, new Random(Seed));
        var worker = new Worker(new()
        {
            Store = store, Composer = new MessageComposer(store.Blobs), Accounts = [account], Transports = _ => transport, Time = time, Random = new Random(Seed), Observer = new Unheard(),
        });
        using var patience = new CancellationTokenSource(Patience, time);
        await worker.RunAsync(WorkerMode.UntilEmpty, patience.Token, CancellationToken.None);
        var rows = await store.ListAsync(new(), CancellationToken.None);
        var overview = await store.OverviewAsync(CancellationToken.None);
        overview.TotalScheduled.ShouldBe(rows.Count);
        foreach (var group in rows.GroupBy(row => row.Status)) overview.Counts[group.Key].ShouldBe(group.Count());
        return rows;
    }

    private static bool IsWhole(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var check = connection.CreateCommand();
        check.CommandText = "PRAGMA integrity_check";
        return check.ExecuteScalar() is "ok";
    }

    private static string MessageId(ScheduledEmail email) => MessageIds.For(email, "sender.example");

    private sealed class Unheard : IEngineObserver
    {
        public void On(EngineEvent happened)
        {
        }
    }
}
