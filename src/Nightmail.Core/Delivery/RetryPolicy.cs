namespace Nightmail.Core.Delivery;

/// <summary>How often and how patiently a connection is tried within one attempt (<c>retry</c> in the configuration).</summary>
public sealed record RetryPolicy
{
    /// <summary>Tries to connect in all. 3 outlasts a restarting server without holding the email's slot for long.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>The wait before the second try; it doubles from there.</summary>
    public TimeSpan BaseDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait between two tries.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The wait after try number <paramref name="tries"/> (1 for the first): base, doubled, capped, and between half and all of it by chance.</summary>
    public TimeSpan DelayAfter(int tries, Random random)
    {
        var full = Backoff.Doubling(BaseDelay, tries, MaxDelay);
        return full * (0.5 + (random.NextDouble() / 2));
    }
}

/// <summary>How long a deferred email waits between attempts, and until when (<c>deferral</c> in the configuration).</summary>
public sealed record DeferralPolicy
{
    /// <summary>The first wait. Five minutes passes the usual greylisting.</summary>
    public TimeSpan First { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Longest wait between attempts. Four hours gives a host a working day to recover within few attempts.</summary>
    public TimeSpan Max { get; init; } = TimeSpan.FromHours(4);

    /// <summary>After this long since it was first due it fails as gave_up. RFC 5321 4.5.4.1 asks for 4 to 5 days.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromDays(5);

    /// <summary>Part of the wait by which it varies up or down, so that emails deferred together do not return together.</summary>
    public double Jitter { get; init; } = 0.2;

    /// <summary>The wait after deferral number <paramref name="deferrals"/> (1 for the first).</summary>
    public TimeSpan DelayAfter(int deferrals, Random random) =>
        Backoff.Doubling(First, deferrals, Max) * (1 + (Jitter * ((2 * random.NextDouble()) - 1)));
}

/// <summary>The one doubling of waits.</summary>
public static class Backoff
{
    /// <summary><paramref name="first"/> × 2^(<paramref name="count"/> − 1), at most <paramref name="max"/>.</summary>
    public static TimeSpan Doubling(TimeSpan first, int count, TimeSpan max)
    {
        // 2^40 of anything above a microsecond is past every maximum; more would overflow.
        var factor = Math.Pow(2, Math.Clamp(count, 1, 41) - 1);
        return first.Ticks * factor >= max.Ticks ? max : first * factor;
    }
}
