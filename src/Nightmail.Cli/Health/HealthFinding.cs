namespace Nightmail.Cli.Health;

/// <summary>How much it matters.</summary>
internal enum Gravity
{
    /// <summary>Mail leaves, but something wants a person's attention (exit 10).</summary>
    Degraded,

    /// <summary>Mail does not leave, or something may be lost (exit 11).</summary>
    Broken,
}

/// <summary>One thing that is not well.</summary>
/// <param name="Code">A word for programs, such as <c>no_worker</c>.</param>
/// <param name="Gravity">How much it matters.</param>
/// <param name="Words">What it is.</param>
/// <param name="Next">What to do.</param>
internal sealed record HealthFinding(string Code, Gravity Gravity, string Words, string Next);
