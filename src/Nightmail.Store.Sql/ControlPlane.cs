using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Shared;
using Nightmail.Store.Sql.Sqlite.Control;

namespace Nightmail.Store.Sql;

/// <summary>What a server keeps beside its emails: accounts, templates, campaigns, suppressions, API keys, settings, the send log.</summary>
public sealed class ControlPlane : IAsyncDisposable
{
    private readonly ControlDatabase database;

    private ControlPlane(ControlDatabase database)
    {
        this.database = database;
        (Accounts, Keys, Templates) = (new AccountRows(database), new KeyRows(database), new TemplateRows(database));
        var log = new SendLogRows(database);
        (Campaigns, Suppressions, SendLog, LogRetention) = (new CampaignRows(database), new SuppressionRows(database), log, log);
        Work = new ScheduledWorkRows(database);
        (Settings, RequestKeys) = (new SettingRows(database), new RequestKeyRows(database));
    }

    /// <summary>The file.</summary>
    internal ControlDatabase Database => database;

    /// <summary>Who sends.</summary>
    public IAccountStore Accounts { get; }

    /// <summary>Who may use the API.</summary>
    public IKeyStore Keys { get; }

    /// <summary>Words with places for variables.</summary>
    public ITemplateStore Templates { get; }

    /// <summary>What many emails have in common.</summary>
    public ICampaignStore Campaigns { get; }

    /// <summary>Who gets no campaign mail.</summary>
    public ISuppressionStore Suppressions { get; }

    /// <summary>Every attempt.</summary>
    public ISendLog SendLog { get; }

    /// <summary>Lets the send log forget.</summary>
    public ISendLogRetention LogRetention { get; }

    /// <summary>What is done again and again.</summary>
    public IScheduledWorkStore Work { get; }

    /// <summary>What was changed of the settings.</summary>
    public ISettingStore Settings { get; }

    /// <summary>The keys of requests that make something.</summary>
    public IRequestKeyStore RequestKeys { get; }

    /// <summary>Opens the database in a data folder that this process owns; makes it where it is missing.</summary>
    /// <exception cref="StoreException">It cannot be used; the message says why.</exception>
    public static ControlPlane OpenSqlite(string folder) => new(ControlDatabase.Open(Path.Combine(folder, "control.db")));

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => database.DisposeAsync();
}
