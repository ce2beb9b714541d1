namespace Nightmail.Server.Settings;

/// <summary>The settings that can be changed while the server runs. In a change, what is left out stays as it is.</summary>
public sealed record SettingsShape
{
    /// <summary>What becomes of an email that may have left and nobody knows: <c>hold</c> or <c>retry</c>.</summary>
    public string? InDoubt { get; set; }

    /// <summary>Tries to connect within one attempt.</summary>
    public RetryShape? Retry { get; set; }

    /// <summary>Waits after a server deferred an email.</summary>
    public DeferralShape? Deferral { get; set; }

    /// <summary>When an account is taken out of service for a while.</summary>
    public CircuitLimitsShape? Circuit { get; set; }
}

/// <summary>Tries to connect within one attempt.</summary>
public sealed record RetryShape
{
    /// <summary>Tries in all.</summary>
    public int? MaxAttempts { get; set; }

    /// <summary>The wait before the second try; it doubles from there.</summary>
    public double? BaseDelaySeconds { get; set; }

    /// <summary>The longest wait between two tries.</summary>
    public double? MaxDelaySeconds { get; set; }
}

/// <summary>Waits of deferred emails.</summary>
public sealed record DeferralShape
{
    /// <summary>The first wait.</summary>
    public double? FirstSeconds { get; set; }

    /// <summary>The longest wait.</summary>
    public double? MaxSeconds { get; set; }

    /// <summary>After this long since it was first due an email fails as given up.</summary>
    public double? GiveUpAfterSeconds { get; set; }

    /// <summary>Part of the wait by which it varies, from 0 to 1.</summary>
    public double? Jitter { get; set; }
}

/// <summary>The numbers of the accounts' circuits.</summary>
public sealed record CircuitLimitsShape
{
    /// <summary>Account failures in a row that open a circuit.</summary>
    public int? FailureThreshold { get; set; }

    /// <summary>How long nothing is sent through an account whose circuit has opened.</summary>
    public double? CooldownSeconds { get; set; }

    /// <summary>The longest such time, after probes that failed.</summary>
    public double? CooldownMaxSeconds { get; set; }

    /// <summary>The same as the cooldown when only the network failed.</summary>
    public double? NetworkCooldownSeconds { get; set; }

    /// <summary>The longest cooldown of that kind.</summary>
    public double? NetworkCooldownMaxSeconds { get; set; }
}
