using Nightmail.Store.File.Disk;

namespace Nightmail.Store.File;

/// <summary>Where everything of one queue lies, derived from the queue's real path, so that a symbolic link and its target share one lock.</summary>
internal sealed class QueuePaths
{
    private const string QueueEnding = ".json";

    public QueuePaths(IDisk disk, string queue, string? backups = null)
    {
        Queue = disk.RealPath(queue);
        Folder = Path.GetDirectoryName(Queue)!;
        var stem = Queue.EndsWith(QueueEnding, StringComparison.OrdinalIgnoreCase) ? Queue[..^QueueEnding.Length] : Queue;
        Stem = stem;
        Backups = backups is null ? Path.Combine(Folder, "backups") : Path.GetFullPath(backups);
        Lock = stem + ".lock";
        Ledger = stem + ".ledger";
        Blobs = stem + ".blobs";
        Workers = stem + ".workers";
        Log = stem + ".log";
        Revisions = stem + ".revisions";
        Reports = stem + ".recovery.json";
        CorruptPrefix = stem + ".corrupt-";
        TemporaryPrefix = "." + Path.GetFileName(stem) + ".";
    }

    /// <summary>The queue file.</summary>
    public string Queue { get; }

    /// <summary>The folder it lies in.</summary>
    public string Folder { get; }

    /// <summary>The queue's path without its ending, from which all other names are made.</summary>
    public string Stem { get; }

    /// <summary>The folder of its backups.</summary>
    public string Backups { get; }

    /// <summary>The lock file.</summary>
    public string Lock { get; }

    /// <summary>The ledger's folder.</summary>
    public string Ledger { get; }

    /// <summary>The attachments' folder.</summary>
    public string Blobs { get; }

    /// <summary>The workers' folder.</summary>
    public string Workers { get; }

    /// <summary>The send log's folder.</summary>
    public string Log { get; }

    /// <summary>The folder of what the queue was at its last revisions.</summary>
    public string Revisions { get; }

    /// <summary>What was found wrong with the queue and has not been acknowledged.</summary>
    public string Reports { get; }

    /// <summary>How the path of every damaged file that is kept aside begins.</summary>
    public string CorruptPrefix { get; }

    /// <summary>How the name of every temporary file of this queue begins.</summary>
    public string TemporaryPrefix { get; }

    /// <summary>How it ends.</summary>
    public const string TemporaryEnding = ".tmp";

    /// <summary>How the writer's part of a temporary name begins where the file is a save that has not been merged yet.</summary>
    public const string SavedMark = "saved.";

    /// <summary>True for the name of a file that holds what somebody saved and that waits to be merged.</summary>
    public bool IsSaved(string name) => name.StartsWith(TemporaryPrefix + SavedMark, StringComparison.Ordinal);

    /// <summary>The temporary file of one writer.</summary>
    public string Temporary(string writer) => Path.Combine(Folder, TemporaryPrefix + writer + TemporaryEnding);
}
