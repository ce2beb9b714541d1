using Nightmail.Core.Emails;

namespace Nightmail.Core.Storage;

/// <summary>An email as another store had it.</summary>
/// <param name="Email">The email. What it says of that store's ledger and of a claim there does not count here.</param>
public sealed record ImportedEmail(ScheduledEmail Email)
{
    /// <summary>
    /// The keys that other programs wrote beside those of the format: a JSON object in the form of the queue file's emails, of which only what
    /// is not known is looked at; null: none. The queue file keeps them; a database keeps what it has columns for.
    /// </summary>
    public string? Unknown { get; init; }
}

/// <summary>What became of one email that came from another store.</summary>
public abstract record ImportResult
{
    private ImportResult()
    {
    }

    /// <summary>It is kept, under its own id.</summary>
    /// <param name="Email">The row as it is here; paused, and saying why, where nobody can tell whether it has left since.</param>
    public sealed record Imported(ScheduledEmail Email) : ImportResult;

    /// <summary>An email of that id is here already: nothing was changed.</summary>
    public sealed record Exists(EmailId Id) : ImportResult;

    /// <summary>Its idempotency key made another email here: nothing was changed, because one must stay one.</summary>
    /// <param name="Id">The email that was not taken.</param>
    /// <param name="Other">The email that the key made here.</param>
    public sealed record KeyTaken(EmailId Id, EmailId Other) : ImportResult;

    /// <summary>It cannot be kept here, whatever becomes of the others: nothing was changed.</summary>
    /// <param name="Id">The email that was not taken.</param>
    /// <param name="Why">What it lacks here, as the end of a sentence about it.</param>
    public sealed record NotTaken(EmailId Id, string Why) : ImportResult;
}
