namespace Nightmail.Core.Accounts;

/// <summary>
/// An account whose server has asked for less (421, a greeting of 4xx, a rate reply) sends fewer emails at once: half as many after each such
/// answer, and twice as many again with every minute without one. It never stops: that is the circuit's matter. Kept in the store, so that all
/// workers together slow down.
/// </summary>
/// <param name="Halvings">How often the connections were halved.</param>
/// <param name="Since">When the server asked for it for the last time.</param>
/// <param name="Words">What it said.</param>
public sealed record Slowness(int Halvings, DateTimeOffset Since, string Words)
{
    /// <summary>After so long without another complaint the connections double. A server counts by the minute.</summary>
    public static readonly TimeSpan Step = TimeSpan.FromMinutes(1);

    /// <summary>Complaints within this are one: emails that were on their way together learn of the same trouble together.</summary>
    public static readonly TimeSpan Together = TimeSpan.FromSeconds(5);

    /// <summary>The most halvings, and so the most minutes until all is as before: 64 connections are one by then.</summary>
    public const int Most = 6;

    /// <summary>When all connections are used again, if nothing else is said.</summary>
    public DateTimeOffset Until => Since + (Halvings * Step);

    /// <summary>The slowness after another complaint.</summary>
    public static Slowness After(Slowness? before, string words, DateTimeOffset now)
    {
        if (before is null) return new(1, now, words);
        return now - before.Since < Together ? before : new(Math.Min(Most, before.HalvingsAt(now) + 1), now, words);
    }

    /// <summary>How many emails at once it leaves of a limit.</summary>
    public int Of(int connections, DateTimeOffset now) => Math.Max(1, connections >> HalvingsAt(now));

    /// <summary>When it leaves more than now; null: it leaves all.</summary>
    public DateTimeOffset? MoreAt(int connections, DateTimeOffset now)
    {
        for (var left = HalvingsAt(now); left > 0; left--)
        {
            if (Math.Max(1, connections >> (left - 1)) > Of(connections, now)) return Since + ((Halvings - left + 1) * Step);
        }

        return null;
    }

    private int HalvingsAt(DateTimeOffset now) => now <= Since ? Halvings : (int)Math.Max(0, Halvings - Math.Floor((now - Since) / Step));
}
