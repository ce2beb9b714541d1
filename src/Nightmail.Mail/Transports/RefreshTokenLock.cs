using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nightmail.Mail.Transports;

/// <summary>
/// The right to use the refresh token of one file, held by one at a time over all processes: a provider that replaces it at every use
/// takes two uses of the same one for theft and ends the account's login (RFC 9700 4.14.2). It is the kernel's lock on a file beside the
/// token's, which stays: it ends with its process.
/// </summary>
internal sealed partial class RefreshTokenLock : IDisposable
{
    /// <summary>How often a lock that another holds is tried. It is held for one answer of the token endpoint, about once an hour.</summary>
    public static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    private const int ReadOnly = 0, ReadWrite = 2, Create = 0x40, CloseOnExec = 0x80000, Exclusive = 2, NonBlocking = 4;
    private const int NoEntry = 2, Interrupted = 4, TryAgain = 11, NotAllowed = 13, ReadOnlyDisk = 30;
    private const int WorldReadable = 0x1A4; // 0644: it holds nothing, and another user who may read the token takes his turn here too.

    private readonly SafeFileHandle? file;

    private RefreshTokenLock(SafeFileHandle? file) => this.file = file;

    /// <summary>Waits for the turn.</summary>
    /// <param name="tokenFile">Where the refresh token lies; a link stands for the file behind it.</param>
    /// <param name="limit">How long to wait.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null: others had it for all that time. Where nothing can be written beside the token, a lock that keeps nobody out: there no new token could be stored either.</returns>
    /// <exception cref="IOException">The system refused.</exception>
    public static async Task<RefreshTokenLock?> TakeAsync(string tokenFile, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        var path = Behind(tokenFile) + ".lock";
        var handle = Open(path);
        if (handle is null) return new(null);
        var started = time.GetTimestamp();
        try
        {
            while (!TryLock(handle, path))
            {
                if (time.GetElapsedTime(started) >= limit)
                {
                    handle.Dispose();
                    return null;
                }

                await Task.Delay(Step, time, cancellationToken);
            }
        }
        catch
        {
            handle.Dispose();
            throw;
        }

        return new(handle);
    }

    /// <summary>The file that is meant: a link that is replaced would leave the old token to whoever shares it.</summary>
    public static string Behind(string named) => File.ResolveLinkTarget(named, returnFinalTarget: true)?.FullName ?? named;

    /// <inheritdoc/>
    public void Dispose() => file?.Dispose();

    private static SafeFileHandle? Open(string path)
    {
        var handle = Open(path, ReadWrite | Create | CloseOnExec, WorldReadable);
        if (handle < 0 && Marshal.GetLastPInvokeError() is NotAllowed) handle = Open(path, ReadOnly | CloseOnExec, 0);
        if (handle >= 0) return new(handle, ownsHandle: true);
        return Marshal.GetLastPInvokeError() is NoEntry or NotAllowed or ReadOnlyDisk ? null : throw Failed(path);
    }

    private static bool TryLock(SafeFileHandle handle, string path)
    {
        while (Lock(handle, Exclusive | NonBlocking) < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error == TryAgain) return false;
            if (error != Interrupted) throw Failed(path);
        }

        return true;
    }

    private static IOException Failed(string path) => new($"{path}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Lock(SafeFileHandle file, int operation);
}
