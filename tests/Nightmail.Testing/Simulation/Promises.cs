using Nightmail.Core.Emails;

namespace Nightmail.Testing.Simulation;

/// <summary>What a person was told about one email, step by step; what the server saw is held against it.</summary>
public sealed class Promised(EmailId id, IReadOnlyList<string> addresses)
{
    private readonly List<Timing> timings = [];

    public EmailId Id => id;

    public IReadOnlyList<string> Addresses => addresses;

    /// <summary>The step in which a cancel was answered with success.</summary>
    public long? CancelledAt { get; set; }

    /// <summary>True once a cancel was asked for, whatever the answer was.</summary>
    public bool CancelAsked { get; set; }

    /// <summary>True when a copy older than the email was brought back: then its row may be gone.</summary>
    public bool MayBeGone { get; set; }

    /// <summary>Retries that were asked for; each may lead to one more copy.</summary>
    public int Retries { get; set; }

    /// <summary>Pauses that were answered with success, until the next resume was asked for.</summary>
    public List<(long From, long? To)> Pauses { get; } = [];

    /// <summary>The account that it names.</summary>
    public string? Account { get; init; }

    public DateTimeOffset? NotAfter { get; init; }

    public string? Key { get; init; }

    public Timing Ask(long step, DateTimeOffset due)
    {
        var timing = new Timing(step, due);
        timings.Add(timing);
        return timing;
    }

    /// <summary>The earliest moment at which it may leave, seen from a step: by the last answered wish, or by a later one that was asked for.</summary>
    public DateTimeOffset Earliest(long step)
    {
        var last = timings.FindLastIndex(timing => timing.Answered <= step);
        return timings.Skip(Math.Max(0, last)).Where(timing => timing.Asked <= step).Min(timing => timing.Due);
    }

    public sealed record Timing(long Asked, DateTimeOffset Due)
    {
        public long? Answered { get; set; }
    }
}
