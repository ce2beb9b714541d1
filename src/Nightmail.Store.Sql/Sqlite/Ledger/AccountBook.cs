using System.Buffers;
using Nightmail.Core.Accounts;
using Nightmail.Store.Sql.Sqlite.Connections;

namespace Nightmail.Store.Sql.Sqlite.Ledger;

/// <summary>
/// What is known of each account: its circuit, and when its emails began as far back as a rate limit looks. Beside the ledger, so that no
/// restore forgets a circuit or gives a limit back.
/// </summary>
internal sealed class AccountBook
{
    /// <summary>How many times are taken in before the old ones are looked through again.</summary>
    private const int TrimEvery = 256;

    private readonly ArrayBufferWriter<byte> buffer = new(512);
    private readonly Statement write, all, begins;
    private readonly Dictionary<string, List<DateTimeOffset>> beginsOf = new(StringComparer.Ordinal);
    private readonly HashSet<string> changed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Circuit> circuits = new(StringComparer.Ordinal);

    public AccountBook(Database ledger, DateTimeOffset now)
    {
        write = ledger.Prepare("INSERT OR REPLACE INTO circuit (account, state) VALUES (?, ?)");
        all = ledger.Prepare("SELECT account, state FROM circuit");
        // One time an attempt, however many transactions it took.
        begins = ledger.Prepare("""
            SELECT e.at, e.account FROM entry e
            WHERE e.kind = 0 AND NOT EXISTS (SELECT 1 FROM entry o WHERE o.email = e.email AND o.attempt = e.attempt AND o.step < e.step AND o.kind = 0)
            ORDER BY e.sequence DESC
            """);
        Load();
        LoadBegins(now - RateCap.LongestWindow);
    }

    /// <summary>The circuits that have something to say, by account.</summary>
    public IReadOnlyDictionary<string, Circuit> Circuits => circuits;

    /// <summary>True when circuits wait to be written.</summary>
    public bool HasChanges => changed.Count > 0;

    /// <summary>Changes a circuit; it waits to be written.</summary>
    public void Put(string account, Circuit circuit)
    {
        circuits[account] = circuit;
        changed.Add(account);
    }

    /// <summary>When an account's emails began, ascending.</summary>
    public IReadOnlyList<DateTimeOffset> BeginsOf(string account) => beginsOf.TryGetValue(account, out var times) ? times : [];

    /// <summary>An attempt has begun.</summary>
    public void Begun(string account, DateTimeOffset at)
    {
        if (!beginsOf.TryGetValue(account, out var times)) beginsOf.Add(account, times = []);
        // After the clock was set back they come out of order.
        times.Insert(times.Count - RateCap.CountAfter(times, at), at);
        if (times.Count % TrimEvery == 0) times.RemoveRange(0, times.Count - RateCap.CountAfter(times, times[^1] - RateCap.LongestWindow));
    }

    /// <summary>Writes the circuits that wait.</summary>
    public void Write()
    {
        foreach (var account in changed)
        {
            buffer.ResetWrittenCount();
            CircuitJson.Write(buffer, circuits[account]);
            write.Start().With(account).With(buffer.WrittenSpan, isText: true).Run();
        }
    }

    /// <summary>They are written.</summary>
    public void Written() => changed.Clear();

    /// <summary>Reads the circuits anew.</summary>
    public void Load()
    {
        circuits.Clear();
        changed.Clear();
        all.Start();
        while (all.Step()) circuits[all.Text()!] = CircuitJson.Read(all.Bytes());
    }

    private void LoadBegins(DateTimeOffset since)
    {
        begins.Start();
        while (begins.Step() && begins.Instant() is var at && at >= since) Begun(begins.Text() ?? "", at);
        begins.Start();
    }
}
