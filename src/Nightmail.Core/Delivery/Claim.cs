using Nightmail.Core.Emails;

namespace Nightmail.Core.Delivery;

/// <summary>A worker's right to send one email once: who, which attempt, through which account.</summary>
/// <param name="Email">The row as it was claimed.</param>
/// <param name="Owner">The worker.</param>
/// <param name="Attempt">The attempt's number, 1 for the first; with the owner it fences every write.</param>
/// <param name="Account">The account that was chosen for it.</param>
public sealed record Claim(ScheduledEmail Email, WorkerId Owner, int Attempt, string Account)
{
    /// <summary>The term of the account's circuit under which it was claimed: what it comes to says nothing about a later one.</summary>
    public long Term { get; init; }
}

/// <summary>Names one worker for its lifetime, unique over all machines and restarts; printable, without spaces or slashes.</summary>
public readonly record struct WorkerId(string Text)
{
    /// <inheritdoc/>
    public override string ToString() => Text;
}
