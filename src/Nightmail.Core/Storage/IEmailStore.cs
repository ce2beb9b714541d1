using Nightmail.Core.Accounts;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;

namespace Nightmail.Core.Storage;

/// <summary>
/// Keeps emails through their life. Every member is one atomic, durable step on what is there now; every write is guarded by what the
/// caller believes. All of them may throw <see cref="StoreException"/>; then nothing was changed, unless it says otherwise.
/// </summary>
public interface IEmailStore : IEmailQueue, ISendLedger
{
    /// <summary>
    /// Some of the emails that <paramref name="filter"/> names, soonest first: at most <paramref name="most"/>, those behind <paramref name="after"/>.
    /// What changes between two pages may be on both or on neither.
    /// </summary>
    async ValueTask<EmailPage> ListPageAsync(EmailFilter filter, EmailPlace? after, int most, CancellationToken cancellationToken)
    {
        List<ScheduledEmail> rest = [.. (await ListAsync(filter, cancellationToken)).Where(email => after is null || EmailPlace.Of(email).IsBehind(after)).Take(most + 1)];
        return rest.Count > most ? new(rest[..most], EmailPlace.Of(rest[most - 1])) : new(rest, null);
    }

    /// <summary>
    /// Some of the emails that belong to no campaign, whole and as the ledger knows them, in the order of their ids: those behind
    /// <paramref name="after"/>, at most <paramref name="most"/>. Whatever is changed between two pages, an email that is there all the time is on one of them.
    /// </summary>
    async ValueTask<IReadOnlyList<ScheduledEmail>> ExportPageAsync(EmailId? after, int most, CancellationToken cancellationToken) =>
        [.. (await ListAsync(new() { OwnOnly = true }, cancellationToken)).Where(email => after is null || email.Id.CompareTo(after.Value) > 0).OrderBy(email => email.Id).Take(most)];

    /// <summary>
    /// The earliest instant at which an email falls due, or expires, that the accounts of <paramref name="capacities"/> could take: not
    /// before a circuit's cooldown or a rate limit's window ends. Null: none waits, or only for what others have on their way. It may
    /// lie in the past.
    /// </summary>
    ValueTask<DateTimeOffset?> NextDueAsync(AccountCapacities capacities, CancellationToken cancellationToken);

    /// <summary>
    /// Moves due emails to sending, oldest first, no more than the accounts take (<see cref="AccountRoom"/>), each under a new attempt of
    /// <paramref name="owner"/>. Nobody else gets the same emails, and what has expired nobody gets. The accounts' limits hold for all workers
    /// together; through an open circuit whose cooldown has passed goes one email of all of them, and its lease is written with its claim.
    /// </summary>
    ValueTask<IReadOnlyList<Claim>> ClaimDueAsync(WorkerId owner, AccountCapacities capacities, CancellationToken cancellationToken);

    /// <summary>Fails the emails whose <c>not_after</c> has passed while they waited.</summary>
    /// <returns>Those emails, as they are now.</returns>
    ValueTask<IReadOnlyList<ScheduledEmail>> ExpireAsync(CancellationToken cancellationToken);

    /// <summary>Gives the waiting emails that <see cref="TimeZoneRules.ResolveAgain"/> moves the instant that newer rules of their zone give their wish.</summary>
    /// <returns>Those that were moved.</returns>
    ValueTask<IReadOnlyList<MovedEmail>> ResolveWishesAsync(TimeZoneRules rules, CancellationToken cancellationToken);

    /// <summary>
    /// Records the result of an attempt and ends the claim: the outcome goes to the ledger, then the row, and in the same step what
    /// the attempt says about the account's circuit (<see cref="CircuitBreaker.After"/>).
    /// </summary>
    /// <returns>False if the claim had been lost; then the row was not written (the outcome was: late news settles doubt).</returns>
    ValueTask<bool> RecordAsync(Claim claim, AttemptResult result, CancellationToken cancellationToken);

    /// <summary>
    /// Takes back what dead or stuck workers held (<see cref="Rescue"/>) and settles what late news can settle. A circuit whose probe
    /// was lost with its worker opens again.
    /// </summary>
    /// <param name="policy">What becomes of doubt.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    /// <returns>The emails whose rows changed, as they are now.</returns>
    ValueTask<IReadOnlyList<ScheduledEmail>> RescueAsync(DoubtPolicy policy, CancellationToken cancellationToken);

    /// <summary>
    /// Calls back, on no particular thread, for each opening, probing and closing of a circuit that this object has written, once it is
    /// durable. Everybody hears of their own changes only, so that each is told once.
    /// </summary>
    /// <returns>Ends the subscription when disposed.</returns>
    IDisposable OnAccountChanged(Action<AccountChange> callback);

    /// <summary>
    /// Takes final emails out of the store whose rows have not changed for longer than <paramref name="retention"/>, counting them as pruned
    /// in the same step, and removes what nobody needs any more. Keys of emails outlive them; what may still change, or is in doubt, stays.
    /// </summary>
    /// <returns>How many emails left the store.</returns>
    ValueTask<int> CleanUpAsync(TimeSpan retention, CancellationToken cancellationToken);

    /// <summary>Makes this process known as a worker until the result is disposed or the process dies, whichever is first.</summary>
    ValueTask<IWorkerPresence> EnterAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Calls back, on no particular thread, soon after anybody changed the store: a new earlier email, a pause, a record. It may call
    /// too often, and it may miss a change: whoever needs certainty looks again after <see cref="SyncInterval"/>.
    /// </summary>
    /// <returns>Ends the subscription when disposed.</returns>
    IDisposable OnChanged(Action callback);

    /// <summary>How long a change can stay unnoticed at the most.</summary>
    TimeSpan SyncInterval { get; }
}

/// <summary>An email that newer zone rules moved.</summary>
/// <param name="Email">The email with its new time.</param>
/// <param name="Before">The time that it had.</param>
public sealed record MovedEmail(ScheduledEmail Email, DateTimeOffset Before);

/// <summary>A page of emails.</summary>
/// <param name="Emails">The emails.</param>
/// <param name="Next">Where the next page begins; null: there is none.</param>
public sealed record EmailPage(IReadOnlyList<ScheduledEmail> Emails, EmailPlace? Next);

/// <summary>The place of an email among all of them, soonest first.</summary>
/// <param name="Due">When it is due.</param>
/// <param name="Id">Its id.</param>
public sealed record EmailPlace(DateTimeOffset Due, EmailId Id)
{
    /// <summary>The place of this email.</summary>
    public static EmailPlace Of(ScheduledEmail email) => new(email.Due, email.Id);

    /// <summary>True when it comes after the other.</summary>
    public bool IsBehind(EmailPlace other) => Due != other.Due ? Due > other.Due : Id.CompareTo(other.Id) > 0;
}

/// <summary>Which emails to list; everything that is set must hold.</summary>
public sealed record EmailFilter
{
    /// <summary>Only these statuses; empty: all.</summary>
    public IReadOnlyCollection<EmailStatus> Statuses { get; init; } = [];

    /// <summary>Only emails through this account.</summary>
    public string? Account { get; init; }

    /// <summary>Only emails in whose subject, text or addresses these words stand, letter case aside.</summary>
    public string? Search { get; init; }

    /// <summary>Only recipients of this campaign.</summary>
    public CampaignId? Campaign { get; init; }

    /// <summary>True for emails of their own only: no campaign's recipients, of which there may be a million.</summary>
    public bool OwnOnly { get; init; }

    /// <summary>Only ids that begin like this, with or without <c>email_</c>.</summary>
    public string? IdPrefix { get; init; }

    /// <summary>True when the email is one of those.</summary>
    public bool Matches(ScheduledEmail email)
    {
        if (Statuses.Count > 0 && !Statuses.Contains(email.Status)) return false;
        if (Account is { } account && (email.Account ?? email.LastAccount) != account) return false;
        if (Campaign is { } campaign && email.Campaign != campaign) return false;
        if (OwnOnly && email.Campaign is not null) return false;
        if (IdPrefix is { } prefix && !email.Id.ToString().StartsWith(prefix, StringComparison.OrdinalIgnoreCase)
            && !email.Id.Unique.StartsWith(prefix.Replace("-", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase)) return false;
        return Search is not { } words || Contains(email.Content.Subject, words) || Contains(email.Content.Text, words)
            || Contains(email.Content.From, words) || email.Content.AllMailboxes.Any(mailbox => Contains(mailbox, words));
    }

    private static bool Contains(string? text, string words) => text?.Contains(words, StringComparison.OrdinalIgnoreCase) ?? false;
}

/// <summary>What became of one email that was to be kept.</summary>
public abstract record AddResult
{
    private AddResult()
    {
    }

    /// <summary>It is kept.</summary>
    public sealed record Added(ScheduledEmail Email) : AddResult;

    /// <summary>Its idempotency key was seen before with the same request: nothing was changed.</summary>
    /// <param name="Id">The first call's id.</param>
    /// <param name="Email">Its row as it is now; null when it is no longer kept.</param>
    public sealed record Existing(EmailId Id, ScheduledEmail? Email) : AddResult;

    /// <summary>Its idempotency key was seen before with another request: nothing was changed.</summary>
    public sealed record KeyConflict(EmailId Id) : AddResult;
}

/// <summary>How much there is of everything, at one moment.</summary>
/// <param name="Counts">Rows by status; a status without rows may be absent.</param>
/// <param name="TotalScheduled">Ever scheduled here.</param>
/// <param name="SendingPaused">True while no begin is granted.</param>
public sealed record StoreOverview(IReadOnlyDictionary<EmailStatus, int> Counts, long TotalScheduled, bool SendingPaused)
{
    /// <summary>Rows that have left the store, by their last status: with the rows they are all that were ever scheduled. A status without any may be absent.</summary>
    public IReadOnlyDictionary<EmailStatus, long> Pruned { get; init; } = new Dictionary<EmailStatus, long>();
}

/// <summary>A worker's place in the store.</summary>
public interface IWorkerPresence : IAsyncDisposable
{
    /// <summary>Its name.</summary>
    WorkerId Id { get; }
}

/// <summary>A living worker, for people.</summary>
public sealed record WorkerDescription(WorkerId Id, int ProcessId, string Host, DateTimeOffset Since);

/// <summary>Keeps the bytes of attachments and complete messages by their hash.</summary>
public interface IBlobStore
{
    /// <summary>Keeps a copy of everything in <paramref name="content"/>. Returns only when it is on stable storage.</summary>
    ValueTask<BlobRef> AddAsync(Stream content, CancellationToken cancellationToken);

    /// <summary>Opens the bytes for reading, seekable, from the start.</summary>
    /// <exception cref="StoreException">They are missing or damaged.</exception>
    Stream Open(BlobRef blob);
}
