namespace Nightmail.Store.File.Salvage;

/// <summary>How bad it was.</summary>
public enum RecoveryGravity
{
    /// <summary>Something that a person wrote into the file was not taken, and why; nothing is lost.</summary>
    Notice,

    /// <summary>The file was damaged; every email is accounted for.</summary>
    Recovered,

    /// <summary>The file was damaged and no good copy of it was left: emails may be missing.</summary>
    Incomplete,
}

/// <summary>What was found wrong with the queue file and what became of it. Shown by every process until a person acknowledges it.</summary>
public sealed record RecoveryReport
{
    /// <summary>When it was found.</summary>
    public required DateTimeOffset At { get; init; }

    /// <inheritdoc cref="RecoveryGravity"/>
    public required RecoveryGravity Gravity { get; init; }

    /// <summary>One sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>A sentence for each email or place in the file: what came from where, what is missing. Ids, never bodies or recipients.</summary>
    public IReadOnlyList<string> Details { get; init; } = [];

    /// <summary>Where the damaged file, or the damaged entries of it, are kept; null when nothing had to be.</summary>
    public string? KeptAs { get; init; }
}
