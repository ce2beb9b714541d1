using Microsoft.Data.Sqlite;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Connections;
using Nightmail.Store.Sql.Sqlite.Control;
using Nightmail.Store.Sql.Sqlite.Folder;
using Nightmail.Store.Sql.Sqlite.Ledger;
using Nightmail.Store.Sql.Sqlite.Migrations;
using Nightmail.Store.Sql.Sqlite.Operations;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite.Backups;

/// <summary>A moment in a restore at which a test can let the disk fail or the process die.</summary>
internal enum RestoreStage
{
    /// <summary>Nothing of the present was touched.</summary>
    BeforeDecision,

    /// <summary>It is decided, and nothing was put in place.</summary>
    BeforeControl,

    /// <summary>The control plane is in place, the emails are not.</summary>
    BeforeEmails,

    /// <summary>Both are in place, and the decision still lies there.</summary>
    BeforeEnd,
}

/// <summary>
/// Brings a backup back into the running server. What is to be is prepared beside what is, from the backup, the present and the ledger;
/// then it is decided and put in place, while nobody writes.
/// </summary>
internal sealed class Restorer(DataFolder folder, SqliteEmailStore store, ControlDatabase control, TimeProvider time)
{
    private const string OtherLedger = "the record of what was sent (the ledger) is another one, or an older copy, than when this backup was made";

    private readonly RestoreFolder place = new(folder.Path);

    /// <summary>Called at each stage; for tests.</summary>
    public Action<RestoreStage>? AtStage { get; set; }

    /// <summary>Brings it back, or throws and leaves everything as it was.</summary>
    /// <param name="backup">The file, which was inspected.</param>
    /// <param name="cancellationToken">Gives it up while it is not decided.</param>
    public async Task<RestoreReport> RestoreAsync(string backup, CancellationToken cancellationToken)
    {
        try
        {
            place.Begin();
            await Task.Run(() => Unpack(backup), cancellationToken);
            return await control.AloneAsync(connection =>
            {
                Copy(connection, place.PresentControl);
                File.Copy(place.PresentControl, place.Control);
                return store.AloneAsync(state => Bring(state, connection)).AsTask();
            }, cancellationToken);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(StoreTrouble.Unwritable, $"the restore cannot be prepared in {folder.Path}: {failed.Message}; nothing was changed", failed);
        }
        catch (SqliteException failed)
        {
            throw SqliteTrouble.Of(failed, folder.Path);
        }
        finally
        {
            if (!place.IsDecided) Forget();
        }
    }

    private void Forget()
    {
        try
        {
            place.Forget();
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            // It does not count; the next restore or start removes it.
        }
    }

    /// <summary>Takes the backup apart and brings both halves to the present schemas.</summary>
    private void Unpack(string backup)
    {
        File.Copy(backup, place.Emails);
        using var emails = Database.OpenPlain(place.Emails);
        if (ControlParts.Take(emails, place.PastControl, ControlDatabase.NewestSchema) is { } damage) throw new StoreException(StoreTrouble.Unreadable, damage);
        ControlParts.Drop(emails);
        Schema.Emails.Bring(emails);
        ControlDatabase.BringOnly(place.PastControl);
    }

    /// <summary>On the writing thread, with the control plane held: prepares, decides, puts in place.</summary>
    private RestoreReport Bring(StoreState state, SqliteConnection connection)
    {
        var report = Merge(state);
        var changes = ControlMerge.Run(place.Control, place.PastControl, folder.Ledger, time.GetUtcNow());
        File.Delete(place.PastControl);
        AtStage?.Invoke(RestoreStage.BeforeDecision);
        var wasPaused = state.Facts.IsPaused;
        var isControlTouched = false;
        try
        {
            SetPause(state, true);
            place.Decide(folder);
            AtStage?.Invoke(RestoreStage.BeforeControl);
            isControlTouched = true;
            Replace(connection, place.DecidedControl);
            AtStage?.Invoke(RestoreStage.BeforeEmails);
            state.PutRows(place.DecidedEmails);
        }
        catch (Exception failed)
        {
            // All of the emails are replaced or none: here none is.
            GoBack(state, connection, isControlTouched, failed);
            ResumeAs(state, wasPaused, failed);
            throw;
        }

        Conclude(state);
        return report with { Accounts = changes.Accounts, Templates = changes.Templates, Campaigns = changes.Campaigns };
    }

    /// <summary>Takes the decision back, so that no later start carries out what by then is old.</summary>
    private void GoBack(StoreState state, SqliteConnection connection, bool isControlTouched, Exception failed)
    {
        try
        {
            // In this order: a death in between leaves a decision that is carried out whole.
            if (isControlTouched) Replace(connection, place.FormerControl);
            place.End();
        }
        catch (Exception stuck) when (place.IsDecided)
        {
            throw Refuse(state, $"the restore failed ({failed.Message}) and could not be taken back ({stuck.Message})", stuck);
        }
        catch (Exception)
        {
            // It is withdrawn; what could not be flushed or removed is harmless, because a decision that is older than the emails is refused.
        }
    }

    /// <summary>Leaves sending as it was before.</summary>
    private static void ResumeAs(StoreState state, bool wasPaused, Exception failed)
    {
        try
        {
            state.Reset();
            if (state.Facts.IsPaused != wasPaused) SetPause(state, wasPaused);
        }
        catch (Exception stuck)
        {
            throw new StoreException(StoreTrouble.Unwritable, $"the restore failed: {failed.Message}; everything is as it was, but sending may be left paused ({stuck.Message}): look with status", failed);
        }
    }

    /// <summary>Both are in place: the decision goes, and what the ledger knows more is taken in.</summary>
    private void Conclude(StoreState state)
    {
        try
        {
            AtStage?.Invoke(RestoreStage.BeforeEnd);
            state.Progress.NameLedger();
            place.End();
        }
        catch (Exception stuck) when (place.IsDecided)
        {
            throw Refuse(state, $"the restore is in place, but could not be concluded ({stuck.Message})", stuck);
        }
        catch (Exception)
        {
            // It is concluded; what is left over does not count.
        }

        try
        {
            state.Reset();
            Reconciling.Run(state, time.GetUtcNow());
            state.CopyLeftKeys();
        }
        catch (Exception failed)
        {
            throw new StoreException(StoreTrouble.Unwritable, $"the restore is in place, but could not be read anew: {failed.Message}; that is tried again by itself", failed);
        }
    }

    /// <summary>A decision that stands would at the next start overwrite whatever were done from here on.</summary>
    private StoreException Refuse(StoreState state, string what, Exception why)
    {
        var words = $"{what}; nothing more is done here until the server is started anew, and that start completes the restore: look after the disk of {folder.Path}, then restart it";
        state.Refusal = words;
        control.Refuse(words);
        return new(StoreTrouble.Unwritable, words, why);
    }

    private RestoreReport Merge(StoreState present)
    {
        var now = time.GetUtcNow();
        var emails = Database.OpenPlain(place.Emails);
        var ledger = Database.OpenToRead(folder.Ledger);
        StoreState? copy = null;
        try
        {
            var broken = Bond.Check(emails, ledger, now, isCopy: true);
            var merge = new RowMerge(emails);
            merge.Run(folder.Emails, broken, present.Blobs.HasHash);
            copy = new StoreState(emails, ledger, present.Blobs, present.Workers, now);
            var reconciled = Reconciling.Run(copy, now, merge.Cut());
            merge.CountAgain();
            return new(merge.Count(0), merge.Count(2), merge.Count(1), merge.Count(4), merge.Held(), Unreadable: 0, broken ? OtherLedger : null) { Reconciled = reconciled };
        }
        finally
        {
            if (copy is not null) copy.Dispose();
            else
            {
                emails.Dispose();
                ledger.Dispose();
            }
        }
    }

    private static void SetPause(StoreState state, bool paused)
    {
        (state.Facts.IsPaused, state.HasNewFacts) = (paused, true);
        state.CommitLedger();
    }

    private static void Copy(SqliteConnection from, string path)
    {
        ServerBackupShelf.Create(path).Dispose();
        using var to = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        to.Open();
        from.BackupDatabase(to);
        using var plain = to.CreateCommand();
        plain.CommandText = "PRAGMA journal_mode=DELETE";
        plain.ExecuteNonQuery();
    }

    private static void Replace(SqliteConnection into, string by)
    {
        using var from = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = by, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
        from.Open();
        from.BackupDatabase(into);
    }
}
