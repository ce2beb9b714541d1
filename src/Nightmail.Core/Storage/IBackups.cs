namespace Nightmail.Core.Storage;

/// <summary>
/// The backups of a server's data. Names come from <see cref="ListAsync"/> alone: any other is unknown, whatever lies where it points.
/// All members may throw <see cref="StoreException"/>; then nothing was changed.
/// </summary>
public interface IBackups
{
    /// <summary>Where they lie.</summary>
    string Folder { get; }

    /// <summary>All of them, the newest first, each compared with its checksum.</summary>
    ValueTask<IReadOnlyList<Backup>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Makes one of the data as they are at one moment, while everything goes on, and checks it. It is listed once it is whole and on disk, or never.</summary>
    /// <param name="reason">For people: why it is made.</param>
    /// <param name="id">What makes a repeated request the same one: where a backup was made under it, that one is the answer; null: a new one is made.</param>
    /// <param name="cancellationToken">Gives it up; what was begun is removed.</param>
    ValueTask<Backup> CreateAsync(string reason, Guid? id, CancellationToken cancellationToken);

    /// <summary>Reads and checks all of one: checksum, structure, counts. Null: there is none of that name.</summary>
    ValueTask<Backup?> VerifyAsync(string fileName, CancellationToken cancellationToken);

    /// <summary>Opens one for reading; null: there is none of that name.</summary>
    ValueTask<Stream?> OpenAsync(string fileName, CancellationToken cancellationToken);

    /// <summary>Removes one.</summary>
    /// <returns>False if there is none of that name.</returns>
    ValueTask<bool> RemoveAsync(string fileName, CancellationToken cancellationToken);

    /// <summary>
    /// Removes all but the newest <paramref name="keep"/>. The last good one stays however old it is, and so does the last that holds
    /// emails. What restores made of what they replaced is not among them, only the newest few of those stay; nor is what lies in the
    /// future by its name, which a wrong clock made: no person's backup goes for it.
    /// </summary>
    /// <returns>The names that went.</returns>
    ValueTask<IReadOnlyList<string>> PruneAsync(int keep, CancellationToken cancellationToken);

    /// <summary>
    /// Brings one back, in one step that has happened or not, whenever the process dies. What left, was cancelled or changed since stays
    /// so, what was scheduled since stays, and sending is paused until a person resumes it. Keys and scheduled work stay as they are.
    /// </summary>
    ValueTask<RestoreResult> RestoreAsync(string fileName, CancellationToken cancellationToken);
}

/// <summary>One backup.</summary>
/// <param name="FileName">Its name.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="CreatedAt">The moment it shows.</param>
/// <param name="Sha256">Its checksum as noted when it was made, lower-case hex; null: nobody noted one.</param>
/// <param name="Damage">Why it cannot be trusted; null: it can.</param>
/// <param name="About">What it says of itself; null: nothing, or it is not trusted.</param>
public sealed record Backup(string FileName, long Size, DateTimeOffset CreatedAt, string? Sha256, string? Damage, BackupAbout? About);

/// <summary>What a backup says of itself.</summary>
/// <param name="Reason">Why it was made.</param>
/// <param name="Emails">How many emails it holds.</param>
/// <param name="MadeAt">The moment it shows, closer than its name says it.</param>
public sealed record BackupAbout(string Reason, long Emails, DateTimeOffset MadeAt);

/// <summary>Why a backup was made, where that matters to those who look for one to bring back.</summary>
public static class BackupReason
{
    private const string Opening = "before ", Ending = " was brought back";

    /// <summary>The reason of the one that a restore makes of what it replaces.</summary>
    public static string BeforeRestore(string restored) => Opening + restored + Ending;

    /// <summary>True of such a reason: whoever asks for the newest backup does not mean what the last restore did away with.</summary>
    public static bool IsBeforeRestore(string? reason) => reason is not null && reason.StartsWith(Opening, StringComparison.Ordinal) && reason.EndsWith(Ending, StringComparison.Ordinal);
}

/// <summary>What became of a restore.</summary>
public abstract record RestoreResult
{
    private RestoreResult()
    {
    }

    /// <summary>It is done.</summary>
    /// <param name="Report">What was reconciled.</param>
    /// <param name="Before">The name of the backup of what was there before.</param>
    public sealed record Restored(RestoreReport Report, string Before) : RestoreResult;

    /// <summary>The backup is no good; nothing was changed.</summary>
    /// <param name="Why">One line.</param>
    public sealed record Damaged(string Why) : RestoreResult;

    /// <summary>There is none of that name; nothing was changed.</summary>
    public sealed record NotFound : RestoreResult;
}

/// <summary>What a restore did with emails.</summary>
/// <param name="Returned">Those that had gone, or could not be read any more, and are back.</param>
/// <param name="Reverted">Those that are again as they were.</param>
/// <param name="Stayed">Those to which something had happened since, and which are as they were before the restore.</param>
/// <param name="Newer">Those that the backup does not know, scheduled after it, and that stay.</param>
/// <param name="Held">Those that are paused because nothing tells what became of them, or what they need is gone.</param>
/// <param name="Unreadable">Entries of the backup that are no emails.</param>
/// <param name="LedgerBroken">Why the ledger could not tell; null when it could.</param>
public sealed record RestoreReport(int Returned, int Reverted, int Stayed, int Newer, int Held, int Unreadable, string? LedgerBroken)
{
    /// <summary>Those that came back and that the ledger then brought up to what it knows: above all, those that have left since.</summary>
    public int Reconciled { get; init; }

    /// <summary>Names of the accounts of a server that came back or have their former settings again.</summary>
    public IReadOnlyList<string> Accounts { get; init; } = [];

    /// <summary>Templates of a server that came back or have their former words again.</summary>
    public int Templates { get; init; }

    /// <summary>Campaigns of a server that came back or, being drafts, say again what they said.</summary>
    public int Campaigns { get; init; }

    /// <summary>The name of the backup of what was there before; null: none was made.</summary>
    public string? Before { get; init; }
}
