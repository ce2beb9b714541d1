using Nightmail.Core.Storage;

namespace Nightmail.Store.File.Disk;

/// <summary>Turns what the system said into one line that says what failed, where, in its own words, and what to do.</summary>
public static class DiskFailure
{
    /// <summary>The system, or a sandbox around the program, does not allow the call.</summary>
    public const int NotAllowed = 1;

    /// <summary>No such file or folder.</summary>
    public const int NoEntry = 2;

    /// <summary>Interrupted by a signal.</summary>
    public const int Interrupted = 4;

    /// <summary>The device failed.</summary>
    public const int InputOutput = 5;

    /// <summary>Busy: somebody holds the lock.</summary>
    public const int TryAgain = 11;

    /// <summary>No permission.</summary>
    public const int NoPermission = 13;

    /// <summary>There is one already.</summary>
    public const int Exists = 17;

    /// <summary>A part of the path is not a folder.</summary>
    public const int NotAFolder = 20;

    /// <summary>The file system does not know what is asked of it.</summary>
    public const int Invalid = 22;

    /// <summary>The system has no such call.</summary>
    public const int NoSuchCall = 38;

    /// <summary>The file system does not support what is asked of it.</summary>
    public const int NotSupported = 95;

    /// <summary>The disk is full.</summary>
    public const int NoSpace = 28;

    /// <summary>The file system is read-only.</summary>
    public const int ReadOnly = 30;

    /// <summary>The user's share of the disk is used up.</summary>
    public const int Quota = 122;

    /// <summary>The exception for a call that failed.</summary>
    /// <param name="operation">What was tried, as a verb: <c>write</c>.</param>
    /// <param name="path">On what.</param>
    /// <param name="code">The system's number (errno).</param>
    /// <param name="words">The system's words.</param>
    public static StoreException Of(string operation, string path, int code, string words) =>
        new(IsReading(operation) ? StoreTrouble.Unreadable : StoreTrouble.Unwritable, $"cannot {operation} {path}: {words}; {Advice(code, path)}") { Call = new(operation, path, code) };

    /// <summary>True when two files could not change names and a plain rename may do all the same; whatever else is wrong, that one says.</summary>
    public static bool MeansNoExchange(int code) => code is NoEntry or Invalid or NoSuchCall or NotAllowed or NotSupported;

    private static bool IsReading(string operation) => operation is "open" or "read" or "look at" or "list";

    private static string Advice(int code, string path) => code switch
    {
        NoSpace or Quota => "free some space and try again",
        ReadOnly => "mount the file system writable, or name another queue with --queue",
        NoPermission or NotAllowed => "give yourself the right to it, or name another queue with --queue",
        InputOutput => "the device may be failing: look at the system's log and copy the folder elsewhere",
        NotAFolder => "a part of the path is a file: name another queue with --queue",
        23 or 24 => "too many files are open: raise the limit (ulimit -n)",
        NoEntry => "check that the folder still exists",
        _ => $"check {Path.GetDirectoryName(path)}",
    };
}
