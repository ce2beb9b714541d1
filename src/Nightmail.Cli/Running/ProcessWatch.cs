using System.Diagnostics;

namespace Nightmail.Cli.Running;

/// <summary>Waits for another process to end.</summary>
internal static class ProcessWatch
{
    /// <summary>Completes when the process has ended; at once when there is none of that id.</summary>
    public static async Task WaitForEndAsync(int processId, CancellationToken cancellationToken)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (ArgumentException)
        {
            // There is none any more.
        }
    }
}
