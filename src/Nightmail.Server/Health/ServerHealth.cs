using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;
using Nightmail.Core.Maintenance;
using Nightmail.Core.Storage;
using Nightmail.Server.Accounts;
using Nightmail.Server.Api;
using Nightmail.Server.Maintenance;

namespace Nightmail.Server.Health;

/// <summary>Looks what is wrong with the server: for whoever asks, and for the scheduled look.</summary>
internal sealed class ServerHealth(IEmailStore store, AccountBook book, ServerParts parts, ServerOptions options, TimeProvider time)
{
    /// <summary>Emails that are counted as overdue at most: what is more than that is no other news.</summary>
    private const int MostOverdue = 1000;

    /// <summary>An email that waits longer than this after its time is overdue: a worker that is awake takes it in a moment.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>A slot is taken within seconds, or after the lease of whoever died over it.</summary>
    private static readonly TimeSpan SlotPatience = TimeSpan.FromMinutes(10);

    /// <summary>Less room than this, and the next backup or a busy hour may fill the disk.</summary>
    private const double LeastFree = 0.05;

    /// <summary>One line each; none: all is well.</summary>
    public async Task<IReadOnlyList<string>> ProblemsAsync(CancellationToken cancellationToken)
    {
        List<string> problems = [];
        var accounts = await book.ReadyAsync(cancellationToken);
        if (accounts.Count == 0) problems.Add("there is no account to send through; make one: nightmail account add");
        if ((await store.WorkersAsync(cancellationToken)).Count == 0) problems.Add(options.Sends ? "no worker runs: nothing is sent; look at the server's log" : "no worker runs: nothing is sent, no backup made; start the server without --no-workers");
        if ((await store.OverviewAsync(cancellationToken)).SendingPaused) problems.Add("sending is paused; when all is well: nightmail resume --all");
        if (await OverdueAsync(cancellationToken) is > 0 and var overdue) problems.Add(OverdueWords(overdue));
        foreach (var standing in await store.AccountsAsync(accounts, cancellationToken))
            if (IsOpen(standing)) problems.Add($"the circuit of account {standing.Account.Name} is open: {standing.Facts.Circuit.Fault?.Words}; when that is put right: nightmail account reset {standing.Account.Name}");
        foreach (var (shape, _) in await book.ListAsync(cancellationToken))
            if (!accounts.Any(account => account.Name == shape.Name)) problems.Add($"the secret of account {shape.Name} cannot be read; give it again");
        if (parts.Work is { } work)
            foreach (var row in await work.ListAsync(cancellationToken))
            {
                if (row.Failed) problems.Add($"{row.Name} failed: {row.Result}");
                if (options.Sends && MissedSlot(row) is { } slot) problems.Add($"{row.Name} was due at {ApiTimes.Text(slot)} and nobody does it; look at the server's log");
            }
        if (DiskProblem() is { } nearlyFull) problems.Add(nearlyFull);
        return problems;
    }

    /// <summary>What changes from moment to moment, in numbers.</summary>
    public async Task<ServerGauges> GaugesAsync(CancellationToken cancellationToken) => new(
        await OverdueAsync(cancellationToken), (await store.WorkersAsync(cancellationToken)).Count,
        (await store.AccountsAsync(await book.ReadyAsync(cancellationToken), cancellationToken)).Count(IsOpen), DiskFree());

    private static string OverdueWords(int overdue) => overdue switch
    {
        1 => "an email waits although its time has come; 'why' says what for",
        MostOverdue => $"{overdue} emails or more wait although their time has come; 'why' says of each what for",
        _ => $"{overdue} emails wait although their time has come; 'why' says of each what for",
    };

    private static bool IsOpen(AccountStanding standing) => standing.Obstacle is AccountObstacle.CircuitOpen or AccountObstacle.Probing;

    /// <summary>The slot whose time has long come while nobody does the work; null: all is as it should be.</summary>
    private DateTimeOffset? MissedSlot(ScheduledWork row)
    {
        var now = time.GetUtcNow();
        return !row.IsHeld(now) && WorkTimes.Of(row).Next(row, now) is { } slot && now - slot > SlotPatience ? slot : null;
    }

    /// <summary>Single emails alone: a campaign's recipients wait for their turn, and for its gate.</summary>
    private async Task<int> OverdueAsync(CancellationToken cancellationToken)
    {
        var limit = time.GetUtcNow() - Patience;
        var filter = new EmailFilter { Statuses = [EmailStatus.Pending], OwnOnly = true };
        // The soonest first: mostly one look shows that there is none.
        if ((await store.ListPageAsync(filter, null, 1, cancellationToken)).Emails is not [var soonest] || EmailPlace.Of(soonest).Due > limit) return 0;
        return (await store.ListPageAsync(filter, null, MostOverdue, cancellationToken)).Emails.Count(email => EmailPlace.Of(email).Due <= limit);
    }

    private long? DiskFree()
    {
        try
        {
            return new DriveInfo(options.Folder).AvailableFreeSpace;
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException)
        {
            return null;
        }
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

/// <summary>What changes from moment to moment.</summary>
/// <param name="Overdue">Single emails whose time has come and that wait.</param>
/// <param name="Workers">Workers that live.</param>
/// <param name="CircuitsOpen">Accounts that get nothing because they failed.</param>
/// <param name="DiskFree">Bytes free on the disk of the data folder; null: nobody can say.</param>
internal sealed record ServerGauges(int Overdue, int Workers, int CircuitsOpen, long? DiskFree);
