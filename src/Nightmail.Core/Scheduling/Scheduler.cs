using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Core.Scheduling;

/// <summary>What a caller wants scheduled.</summary>
public sealed record ScheduleRequest
{
    /// <summary>The message and its recipients.</summary>
    public required EmailContent Content { get; init; }

    /// <summary>The instant.</summary>
    public required DateTimeOffset ScheduledFor { get; init; }

    /// <summary>The wall-clock wish behind the instant, if any.</summary>
    public Wish? Wish { get; init; }

    /// <summary>
    /// The words the instant was read from (<c>in 10m</c>; empty for the default hold), null when the caller named the instant itself. A
    /// repeated call under one idempotency key is the same request when its words are the same, though they name another instant by then.
    /// </summary>
    public string? AtAsWorded { get; init; }

    /// <summary>The same for <see cref="NotAfter"/>.</summary>
    public string? NotAfterAsWorded { get; init; }

    /// <summary>The account it must go through; null: any that may.</summary>
    public string? Account { get; init; }

    /// <summary>Not sent after this.</summary>
    public DateTimeOffset? NotAfter { get; init; }

    /// <summary>Makes a repeated call return the first one's email.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>What the request is refused for where its key is new: its time has passed, which it may when a lost answer is asked for again.</summary>
    public ScheduleResult.Invalid? RefusedWhenNew { get; init; }

    /// <summary>The Message-ID of a complete message; null: derived.</summary>
    public string? MessageId { get; init; }

    /// <summary>Who schedules (<c>user@host</c>).</summary>
    public string? CreatedBy { get; init; }
}

/// <summary>What became of a schedule call.</summary>
public abstract record ScheduleResult
{
    private ScheduleResult()
    {
    }

    /// <summary>The email is on stable storage.</summary>
    public sealed record Scheduled(ScheduledEmail Email) : ScheduleResult;

    /// <summary>The email is kept, but a power cut may still undo that; the line says what failed.</summary>
    public sealed record NotYetSafe(ScheduledEmail Email, string Trouble) : ScheduleResult;

    /// <summary>The same call was made before; nothing was changed.</summary>
    public sealed record Existing(EmailId Id, ScheduledEmail? Email) : ScheduleResult;

    /// <summary>The request cannot be taken: one line that names the field and says what to change. Nothing was changed.</summary>
    public sealed record Invalid(string Field, string Error) : ScheduleResult;

    /// <summary>The key belongs to another request.</summary>
    public sealed record KeyConflict(EmailId Id) : ScheduleResult;
}

/// <summary>The front door: checks a request and keeps it.</summary>
/// <param name="store">Where emails are kept.</param>
/// <param name="time">The clock that ids and times of creation come from.</param>
/// <param name="accounts">The accounts of the configuration; null: it is not checked whether any of them can send the email.</param>
public sealed class Scheduler(IEmailQueue store, TimeProvider time, IReadOnlyList<Account>? accounts = null)
{
    private const string MessageIdHeader = "Message-ID";

    /// <summary>What <see cref="ScheduleAsync"/> would refuse the request for, or null: for callers who keep files first and would leave them behind.</summary>
    public ScheduleResult.Invalid? Check(ScheduleRequest request) => RequestRules.Check(LiftMessageId(request), accounts, time.GetUtcNow());

    /// <summary>Checks the request and keeps the email. Returns only when it is safe on disk.</summary>
    /// <exception cref="StoreException">The store could not keep it; nothing was changed.</exception>
    public async ValueTask<ScheduleResult> ScheduleAsync(ScheduleRequest request, CancellationToken cancellationToken) =>
        (await ScheduleAllAsync([request], cancellationToken))[0];

    /// <summary>Checks the requests and keeps the emails of those that can be taken, all of these or none. Returns only when they are safe on disk.</summary>
    /// <returns>One result a request, in order.</returns>
    /// <exception cref="StoreException">The store could not keep them; nothing was changed.</exception>
    public async ValueTask<IReadOnlyList<ScheduleResult>> ScheduleAllAsync(IReadOnlyList<ScheduleRequest> requests, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        List<ScheduleRequest> asked = [.. requests.Select(LiftMessageId)];
        List<ScheduleResult?> early = [];
        foreach (var each in asked) early.Add(await EarlyAsync(each, now, cancellationToken));
        List<ScheduledEmail> wanted = [.. asked.Where((_, index) => early[index] is null).Select(each => Email(each, now))];
        IReadOnlyList<ScheduleResult> kept = wanted.Count == 0 ? [] : await KeepAsync(wanted, cancellationToken);
        var next = 0;
        return [.. early.Select(each => each ?? kept[next++])];
    }

    /// <summary>The answer to what is not to be kept; null: it is. A call that is repeated gets its first answer, though it would be refused by now.</summary>
    private async ValueTask<ScheduleResult?> EarlyAsync(ScheduleRequest request, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if ((RequestRules.Check(request, accounts, now) ?? request.RefusedWhenNew) is not { } wrong) return null;
        return KeyOf(request) is { } key && await store.FindKeyAsync(key, cancellationToken) is { } earlier ? Result(earlier) : wrong;
    }

    private async ValueTask<IReadOnlyList<ScheduleResult>> KeepAsync(List<ScheduledEmail> wanted, CancellationToken cancellationToken)
    {
        try
        {
            return [.. (await store.AddAsync(wanted, cancellationToken)).Select(Result)];
        }
        catch (StoreException doubtful) when (doubtful.Trouble == StoreTrouble.NotYetSafe)
        {
            return [.. wanted.Select(each => new ScheduleResult.NotYetSafe(each, doubtful.Message))];
        }
    }

    private static ScheduleResult Result(AddResult added) => added switch
    {
        AddResult.Added { Email: var email } => new ScheduleResult.Scheduled(email),
        AddResult.Existing { Id: var id, Email: var email } => new ScheduleResult.Existing(id, email),
        AddResult.KeyConflict { Id: var id } => new ScheduleResult.KeyConflict(id),
        var other => throw new InvalidOperationException($"a store answered an add with {other.GetType().Name}"),
    };

    private ScheduledEmail Email(ScheduleRequest request, DateTimeOffset now) => new()
    {
        Id = EmailId.New(time),
        Content = request.Content,
        ScheduledFor = request.ScheduledFor.ToUniversalTime(),
        Wish = request.Wish,
        CreatedAt = now,
        LastModified = now,
        Account = request.Account,
        NotAfter = request.NotAfter?.ToUniversalTime(),
        MessageId = request.MessageId,
        CreatedBy = request.CreatedBy,
        IdempotencyKey = KeyOf(request),
    };

    private static IdempotencyKey? KeyOf(ScheduleRequest request) => request.IdempotencyKey is { } key ? new(key, RequestHash.Of(request)) : null;

    /// <summary>A Message-ID among the extra headers is the email's own: it must not stand in the message twice.</summary>
    private static ScheduleRequest LiftMessageId(ScheduleRequest request)
    {
        var own = request.Content.Headers.FirstOrDefault(IsMessageId);
        return own is null ? request : request with
        {
            MessageId = request.MessageId ?? own.Value.Trim(),
            Content = request.Content with { Headers = [.. request.Content.Headers.Where(header => !IsMessageId(header))] },
        };
    }

    private static bool IsMessageId(HeaderField header) => header.Name.Equals(MessageIdHeader, StringComparison.OrdinalIgnoreCase);
}
