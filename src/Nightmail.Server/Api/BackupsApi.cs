using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Storage;
using Nightmail.Server.Maintenance;
using Nightmail.Server.Repeats;

namespace Nightmail.Server.Api;

/// <summary><c>/api/backups</c>: copies of all that the server keeps. A name in a request is only ever compared with those that are listed.</summary>
internal static class BackupsApi
{
    public static void MapBackups(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/backups").WithTags("backups");
        group.MapGet("", ListAsync).Needs(KeyScopes.Read).WithName("listBackups");
        group.MapPost("", CreateAsync).Needs(KeyScopes.Admin).WithName("createBackup").MakesOnce();
        group.MapPut("/settings", SetAsync).Needs(KeyScopes.Admin).WithName("setBackupSettings");
        group.MapPost("/prune", PruneAsync).Needs(KeyScopes.Admin).WithName("pruneBackups");
        // All that is in it, secrets but for their key: not for everybody who may read.
        group.MapGet("/{filename}", DownloadAsync).Needs(KeyScopes.Admin).WithName("downloadBackup");
        group.MapPost("/{filename}/verify", VerifyAsync).Needs(KeyScopes.Read).WithName("verifyBackup");
        group.MapPost("/{filename}/restore", RestoreAsync).Needs(KeyScopes.Admin).WithName("restoreBackup");
        group.MapDelete("/{filename}", RemoveAsync).Needs(KeyScopes.Admin).WithName("deleteBackup");
    }

    private static async Task<Ok<BackupsAnswer>> ListAsync(IBackups backups, WorkDesk work, CancellationToken cancellationToken)
    {
        var all = await backups.ListAsync(cancellationToken);
        return TypedResults.Ok(new BackupsAnswer([.. all.Select(Shape)], Settings(await work.FindAsync(BackupWork.RowName, cancellationToken))));
    }

    private static async Task<Created<BackupShape>> CreateAsync(HttpContext context, BackupDesk desk, CancellationToken cancellationToken)
    {
        var made = await desk.CreateAsync("asked for", NewThing.Of(context).Id, cancellationToken);
        return TypedResults.Created($"/api/backups/{made.FileName}", Shape(made));
    }

    private static async Task<Ok<BackupSettingsShape>> SetAsync(Body<BackupSettingsRequest> body, WorkDesk work, CancellationToken cancellationToken)
    {
        var wanted = body.Value;
        var request = new WorkRequest { Schedule = wanted.Schedule ?? "", Keep = wanted.Retention, TimeZone = wanted.TimeZone, Missed = wanted.Missed };
        return TypedResults.Ok(Settings(await work.ChangeAsync(BackupWork.RowName, request, "retention", cancellationToken)));
    }

    private static async Task<Ok<IReadOnlyList<string>>> PruneAsync(BackupDesk desk, WorkDesk work, CancellationToken cancellationToken)
    {
        var settings = await work.FindAsync(BackupWork.RowName, cancellationToken);
        return TypedResults.Ok(await desk.PruneAsync(settings.Keep ?? 1, cancellationToken));
    }

    private static async Task<FileStreamHttpResult> DownloadAsync(string filename, IBackups backups, CancellationToken cancellationToken) =>
        await backups.OpenAsync(filename, cancellationToken) is { } bytes
            ? TypedResults.Stream(bytes, "application/vnd.sqlite3", filename, enableRangeProcessing: true)
            : throw BackupDesk.NotFound(filename);

    private static async Task<Ok<BackupShape>> VerifyAsync(string filename, IBackups backups, CancellationToken cancellationToken) =>
        TypedResults.Ok(Shape(await backups.VerifyAsync(filename, cancellationToken) ?? throw BackupDesk.NotFound(filename)));

    private static async Task<Ok<RestoreAnswer>> RestoreAsync(string filename, BackupDesk desk)
    {
        var (report, before) = await desk.RestoreAsync(filename);
        return TypedResults.Ok(new RestoreAnswer(filename, report.Returned, report.Reverted, report.Stayed, report.Newer, report.Reconciled, report.Held, report.LedgerBroken, report.Accounts, report.Templates, report.Campaigns, before, SendingPaused: true));
    }

    private static async Task<NoContent> RemoveAsync(string filename, BackupDesk desk, CancellationToken cancellationToken)
    {
        await desk.RemoveAsync(filename, cancellationToken);
        return TypedResults.NoContent();
    }

    private static BackupShape Shape(Backup backup) => new(backup.FileName, backup.Size, ApiTimes.Text(backup.CreatedAt), backup.Sha256, backup.Damage is null, backup.Damage, backup.About?.Reason, backup.About?.Emails);

    private static BackupSettingsShape Settings(WorkShape work) =>
        new(work.Schedule, work.Keep ?? 1, work.TimeZone, work.Missed, work.Words, work.NextRuns, work.LastRun, work.LastResult, work.Failed);
}
