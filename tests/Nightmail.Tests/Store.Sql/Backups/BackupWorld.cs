using Nightmail.Core.Campaigns;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql;
using Nightmail.Store.Sql.Sqlite;
using Nightmail.Store.Sql.Sqlite.Backups;
using Nightmail.Testing;
using Nightmail.Testing.Store;

namespace Nightmail.Tests.Store.Sql.Backups;

/// <summary>A data folder with emails, a control plane and backups, under a clock that stands still.</summary>
internal sealed class BackupWorld : IAsyncDisposable
{
    private readonly int seed;

    public BackupWorld(int seed = 20261125)
    {
        this.seed = seed;
        Open();
    }

    public static CancellationToken Cancel => CancellationToken.None;

    public string Folder { get; } = Directory.CreateTempSubdirectory("nightmail-backups-").FullName;

    public ManualTime Time { get; } = new();

    public SqliteEmailStore Store { get; private set; } = null!;

    public ControlPlane Plane { get; private set; } = null!;

    public SqliteBackups Backups { get; private set; } = null!;

    public string PathOf(string name) => Path.Combine(Backups.Folder, name);

    public async Task<ScheduledEmail> AddAsync(string to = "a@x.example", string text = "text", CampaignId? campaign = null)
    {
        var now = Time.GetUtcNow();
        var email = new ScheduledEmail { Id = EmailId.New(Time), Content = new() { To = [to], Subject = "s", Text = text }, ScheduledFor = now, CreatedAt = now, Campaign = campaign };
        if (campaign is { } id) await Store.Campaigns.AddRecipientsAsync(id, [email], Cancel);
        else await Store.AddAsync([email], Cancel);
        return email;
    }

    /// <summary>Sends what is due first, as a worker does.</summary>
    public async Task<EmailId> SendAsync(Verdict verdict = Verdict.Delivered)
    {
        await using var worker = await Store.EnterAsync(Cancel);
        var claim = await ClaimAsync(worker.Id);
        await BeginAsync(claim);
        await RecordAsync(claim, verdict);
        return claim.Email.Id;
    }

    public async Task<Claim> ClaimAsync(WorkerId worker) => (await Store.ClaimDueAsync(worker, Given.Capacity(1), Cancel)).Single();

    public Task<string?> BeginAsync(Claim claim) => Store.BeginAsync(claim, Given.Begin(claim, Time), Cancel).AsTask();

    public Task<bool> RecordAsync(Claim claim, Verdict verdict) => Store.RecordAsync(claim, Given.Result(claim, verdict, Time), Cancel).AsTask();

    public async Task<EmailStatus?> StatusAsync(ScheduledEmail email) => (await Store.FindAsync(email.Id, Cancel))?.Status;

    public async Task<RestoreReport> RestoreAsync(Backup backup) => ((RestoreResult.Restored)await Backups.RestoreAsync(backup.FileName, Cancel)).Report;

    /// <summary>What a person could see: every row, the counts, the pause, and the control plane.</summary>
    public async Task<string> SeenAsync()
    {
        var rows = (await Store.ListAsync(new(), Cancel)).Select(row => $"{row.Id} {row.Status} {row.Attempts} {row.Content.Text} {row.LastError}");
        var overview = await Store.OverviewAsync(Cancel);
        var templates = (await Plane.Templates.ListAsync(null, 100, Cancel)).Select(template => $"{template.Name} {template.Version} {template.Words.Subject}");
        var campaigns = (await Plane.Campaigns.ListAsync(null, 100, Cancel)).Select(campaign => $"{campaign.Name} {campaign.Stance}");
        var accounts = (await Plane.Accounts.ListAsync(Cancel)).Select(account => $"{account.Name} {account.Settings}");
        return string.Join('\n', [.. rows.Order(StringComparer.Ordinal), $"{overview.TotalScheduled} {overview.SendingPaused}", .. templates, .. campaigns, .. accounts]);
    }

    /// <summary>The rows counted one by one are what the counts say, and with what is gone they are all that there ever was.</summary>
    public async Task<bool> AddsUpAsync(long scheduled)
    {
        var rows = await Store.ListAsync(new(), Cancel);
        var overview = await Store.OverviewAsync(Cancel);
        return overview.TotalScheduled == scheduled && rows.Count == overview.Counts.Values.Sum() && rows.GroupBy(row => row.Status).All(group => overview.Counts.GetValueOrDefault(group.Key) == group.Count());
    }

    /// <summary>The process dies, leaving everything as it lies, and another takes its place.</summary>
    public async Task KillAndOpenAsync()
    {
        await Store.KillAsync();
        await Plane.DisposeAsync();
        Backups.Dispose();
        Open();
    }

    /// <summary>The process ends; meanwhile somebody does something to the folder.</summary>
    public async Task WhileClosedAsync(Action<string> change)
    {
        await CloseAsync();
        change(Folder);
        Open();
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task CloseAsync()
    {
        Backups.Dispose();
        await Plane.DisposeAsync();
        await Store.DisposeAsync();
    }

    public void Open()
    {
        Store = SqliteEmailStore.Open(new() { Folder = Folder }, Time);
        Plane = ControlPlane.OpenSqlite(Folder);
        Backups = new(Store, Plane, Time, new Random(seed));
    }
}
