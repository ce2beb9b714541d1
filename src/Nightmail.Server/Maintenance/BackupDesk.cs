using Nightmail.Core.Storage;
using Nightmail.Server.Accounts;
using Nightmail.Server.Api;
using Nightmail.Server.Campaigns;
using Nightmail.Server.Events;

namespace Nightmail.Server.Maintenance;

/// <summary>Makes and removes backups, brings one back, and tells everybody whom that concerns.</summary>
internal sealed class BackupDesk(IBackups backups, CampaignDesk campaigns, AccountBook accounts, EngineReporter reporter, ServerOptions options, SuppressionList suppressions)
{
    /// <summary>Makes one.</summary>
    public async Task<Backup> CreateAsync(string reason, Guid? id, CancellationToken cancellationToken)
    {
        var made = await backups.CreateAsync(reason, id, cancellationToken);
        reporter.Backup(made.FileName, "made");
        return made;
    }

    /// <summary>Removes all but the newest.</summary>
    public async Task<IReadOnlyList<string>> PruneAsync(int keep, CancellationToken cancellationToken)
    {
        var gone = await backups.PruneAsync(keep, cancellationToken);
        foreach (var name in gone) reporter.Backup(name, "removed");
        return gone;
    }

    /// <summary>Removes one.</summary>
    /// <exception cref="ApiProblem">404.</exception>
    public async Task RemoveAsync(string name, CancellationToken cancellationToken)
    {
        if (!await backups.RemoveAsync(name, cancellationToken)) throw NotFound(name);
        reporter.Backup(name, "removed");
    }

    /// <summary>Brings one back. Whoever asked may leave: once begun it goes to its end.</summary>
    /// <exception cref="ApiProblem">404, or 409 with what is wrong with the backup; nothing was changed.</exception>
    public async Task<RestoreResult.Restored> RestoreAsync(string name)
    {
        RestoreResult result;
        try
        {
            result = await backups.RestoreAsync(name, CancellationToken.None);
        }
        catch
        {
            // It may be in place all the same.
            await TryRereadAsync();
            throw;
        }

        switch (result)
        {
            case RestoreResult.Restored restored:
                var trouble = await TryRereadAsync();
                options.Say($"{name} was brought back; sending is paused until it is resumed (nightmail resume --all)");
                reporter.Backup(name, "restored");
                reporter.Worker("paused");
                return trouble is null ? restored : throw new StoreException(StoreTrouble.Unreadable, $"{name} was brought back and sending is paused, but not everybody could read it anew ({trouble.Message}): restart the server before you resume", trouble);
            case RestoreResult.Damaged damaged:
                throw ApiProblem.Conflict($"{name} cannot be brought back: {damaged.Why}; nothing was changed");
            default:
                throw NotFound(name);
        }
    }

    /// <summary>Those who keep some of what was replaced at hand read it anew, each whatever becomes of the others.</summary>
    /// <returns>What went wrong; null: nothing.</returns>
    private async Task<Exception?> TryRereadAsync()
    {
        accounts.Reload();
        Exception? trouble = null;
        foreach (var reread in (Func<CancellationToken, Task>[])[suppressions.LoadAsync, campaigns.AlignGatesAsync])
        {
            try
            {
                await reread(CancellationToken.None);
            }
            catch (Exception failed)
            {
                trouble ??= failed;
            }
        }

        return trouble;
    }

    /// <summary>404. The name is repeated only where it is harmless.</summary>
    public static ApiProblem NotFound(string name) => ApiProblem.NotFound("backup", Printable.OneLine(name));
}
