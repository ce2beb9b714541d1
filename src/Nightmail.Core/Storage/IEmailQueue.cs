using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;

namespace Nightmail.Core.Storage;

/// <summary>
/// What people do with emails: schedule them, look at them, change them. The half of a store that also works over a network, through a
/// server that has the other half. All of it may throw <see cref="StoreException"/>; then nothing was changed, unless it says otherwise.
/// </summary>
public interface IEmailQueue : IAsyncDisposable
{
    /// <summary>
    /// Keeps new emails, all or none. Returns only when they, and the blobs they refer to, are on stable storage.
    /// </summary>
    /// <returns>One result an email, in order. An idempotency key that was seen before gives the first call's id.</returns>
    ValueTask<IReadOnlyList<AddResult>> AddAsync(IReadOnlyList<ScheduledEmail> emails, CancellationToken cancellationToken);

    /// <summary>What <see cref="AddAsync"/> answers for the sake of the key alone; null: the key is new, or the queue is another's, who looks at it himself.</summary>
    ValueTask<AddResult?> FindKeyAsync(IdempotencyKey key, CancellationToken cancellationToken) => new((AddResult?)null);

    /// <summary>
    /// Keeps emails of another store under their own ids, each as <see cref="Delivery.Arrival"/> has it: what was sent stays sent, what nobody can vouch
    /// for is paused. What is here already, by its id or its idempotency key, is left as it is; what is not final and whose blobs are not
    /// here, and what belongs to a campaign, is not taken. One step for all that are. Returns only when they are on stable storage.
    /// </summary>
    /// <returns>One result an email, in order.</returns>
    ValueTask<IReadOnlyList<ImportResult>> ImportAsync(IReadOnlyList<ImportedEmail> emails, CancellationToken cancellationToken);

    /// <summary>The email as the ledger knows it, or null when there is none of that id.</summary>
    ValueTask<ScheduledEmail?> FindAsync(EmailId id, CancellationToken cancellationToken);

    /// <summary>The emails that <paramref name="filter"/> names, soonest first.</summary>
    ValueTask<IReadOnlyList<ScheduledEmail>> ListAsync(EmailFilter filter, CancellationToken cancellationToken);

    /// <summary>
    /// Emails whose id is, begins with or ends with that text, those of campaigns too, at most <paramref name="most"/>. What they say may be
    /// left out.
    /// </summary>
    async ValueTask<IReadOnlyList<ScheduledEmail>> NamedAsync(string part, int most, CancellationToken cancellationToken) =>
        [.. (await ListAsync(new EmailFilter(), cancellationToken)).Where(email => email.Id.IsNamedBy(part)).Take(most)];

    /// <summary>The emails that are held because nothing tells whether they have left, and of which nothing else is wrong; recipients of campaigns too.</summary>
    async ValueTask<IReadOnlyList<ScheduledEmail>> HeldAsync(CancellationToken cancellationToken) =>
        [.. (await ListAsync(new() { Statuses = [EmailStatus.Paused] }, cancellationToken)).Where(Delivery.Settlement.MayHaveLeft)];

    /// <summary>Does what a person wants, if <see cref="ChangeRules"/> grants it: a ledger entry, then the row, then the answer.</summary>
    ValueTask<ChangeResult> ChangeAsync(EmailId id, EmailChange change, CancellationToken cancellationToken);

    /// <summary>How these accounts stand, at one moment, to a worker that has nothing on its way: circuits, emails on their way, limits.</summary>
    ValueTask<IReadOnlyList<AccountStanding>> AccountsAsync(IReadOnlyList<Account> accounts, CancellationToken cancellationToken);

    /// <summary>Closes an account's circuit by hand. What is under way through it then no longer counts.</summary>
    /// <returns>False if there was nothing to close: no failure was known.</returns>
    ValueTask<bool> ResetAccountAsync(string account, CancellationToken cancellationToken);

    /// <summary>Pauses or resumes sending as a whole: once this has returned, no begin is granted while paused.</summary>
    ValueTask SetSendingPausedAsync(bool paused, CancellationToken cancellationToken);

    /// <summary>Counts and the pause, at one moment.</summary>
    ValueTask<StoreOverview> OverviewAsync(CancellationToken cancellationToken);

    /// <summary>The workers that live now.</summary>
    ValueTask<IReadOnlyList<WorkerDescription>> WorkersAsync(CancellationToken cancellationToken);
}
