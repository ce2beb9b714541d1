namespace Nightmail.Cli;

/// <summary>What the program's end says to whoever started it.</summary>
internal static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>Refused or failed, with one line why and what to do.</summary>
    public const int Refused = 1;

    /// <summary>Wrong usage; nothing was done.</summary>
    public const int Usage = 2;

    /// <summary>Not found.</summary>
    public const int NotFound = 3;

    /// <summary>Refused by the state it is in.</summary>
    public const int WrongState = 4;

    /// <summary>No store reachable (EX_UNAVAILABLE of sysexits.h).</summary>
    public const int Unavailable = 69;

    /// <summary>A fault of this program (EX_SOFTWARE of sysexits.h).</summary>
    public const int Fault = 70;

    /// <summary>Busy, or not yet safe on disk: try again (EX_TEMPFAIL of sysexits.h).</summary>
    public const int TryAgain = 75;

    /// <summary>Ended by a second signal, as a shell reports an interrupted program.</summary>
    public const int Interrupted = 130;
}
