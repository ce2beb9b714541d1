using Nightmail.Core.Accounts;
using Nightmail.Core.Storage;
using Nightmail.Server.Accounts;

namespace Nightmail.Server.Health;

/// <summary>Looks what is wrong with the server: for whoever asks, and for the scheduled look.</summary>
internal sealed class ServerHealth(IEmailStore store, AccountBook book, ServerParts parts, ServerOptions options)
{
    /// <summary>Less room than this, and the next backup or a busy hour may fill the disk.</summary>
    private const double LeastFree = 0.05;

    /// <summary>One line each; none: all is well.</summary>
    public async Task<IReadOnlyList<string>> ProblemsAsync(CancellationToken cancellationToken)
    {
        List<string> problems = [];
        var accounts = await book.ReadyAsync(cancellationToken);
        if (accounts.Count == 0) problems.Add("there is no account to send through");
        if ((await store.WorkersAsync(cancellationToken)).Count == 0) problems.Add("no worker runs: nothing is sent");
        if ((await store.OverviewAsync(cancellationToken)).SendingPaused) problems.Add("sending is paused");
        foreach (var standing in await store.AccountsAsync(accounts, cancellationToken))
            if (standing.Obstacle is AccountObstacle.CircuitOpen or AccountObstacle.Probing) problems.Add($"the circuit of account {standing.Account.Name} is open: {standing.Facts.Circuit.Fault?.Words}");
        foreach (var (shape, _) in await book.ListAsync(cancellationToken))
            if (!accounts.Any(account => account.Name == shape.Name)) problems.Add($"the secret of account {shape.Name} cannot be read; give it again");
        if (parts.Work is { } work)
            foreach (var row in await work.ListAsync(cancellationToken))
                if (row.Failed) problems.Add($"{row.Name} failed: {row.Result}");
        if (DiskProblem() is { } nearlyFull) problems.Add(nearlyFull);
        return problems;
    }

    private string? DiskProblem()
    {
        try
        {
            var disk = new DriveInfo(options.Folder);
            return disk.AvailableFreeSpace < disk.TotalSize * LeastFree ? $"the disk of {options.Folder} is nearly full: {disk.AvailableFreeSpace / 1_000_000} MB of {disk.TotalSize / 1_000_000} MB are free" : null;
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException)
        {
            return $"nobody can say how full the disk of {options.Folder} is: {unknown.Message}";
        }
    }
}
