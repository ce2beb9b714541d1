using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;

namespace Nightmail.Testing.Simulation;

/// <summary>
/// Schedules emails and changes its mind, noting what was asked and what was answered. A call that fails is asked no more about: it may
/// or may not have happened, and both are fine.
/// </summary>
public sealed class SimulatedPerson(IEmailStore store, ManualTime time, Random random, Func<long> step, SimulatedAccounts accounts)
{
    /// <summary>Everything that was answered with an id.</summary>
    public List<Promised> Emails { get; } = [];

    /// <summary>Failures that were promises broken on the spot.</summary>
    public List<string> Broken { get; } = [];

    public async Task ActAsync(CancellationToken cancellationToken)
    {
        try
        {
            var known = Emails.Count == 0 ? null : Emails[random.Next(Emails.Count)];
            switch (random.Next(12))
            {
                case < 6:
                    await ScheduleAsync(cancellationToken);
                    break;
                case 6 when known is not null:
                    await CancelAsync(known, cancellationToken);
                    break;
                case 7 when known is not null:
                    await RescheduleAsync(known, cancellationToken);
                    break;
                case 8 when known is not null:
                    await PauseAsync(known, cancellationToken);
                    break;
                case 9 when known is not null:
                    await ResumeAsync(known, cancellationToken);
                    break;
                case 10 when known is not null:
                    await RetryAsync(known, cancellationToken);
                    break;
                case 11 when known?.Key is not null:
                    await RepeatAsync(known, cancellationToken);
                    break;
            }
        }
        catch (StoreException)
        {
            // The disk is full or broken just now. What was asked stays noted, without an answer.
        }
    }

    public async Task ResumeAsync(Promised promised, CancellationToken cancellationToken)
    {
        if (promised.Pauses.Count > 0 && promised.Pauses[^1].To is null) promised.Pauses[^1] = (promised.Pauses[^1].From, step());
        await store.ChangeAsync(promised.Id, new EmailChange.Resume(), cancellationToken);
    }

    /// <summary>A UUIDv7 whose chance comes from the seed, so that a run can be repeated.</summary>
    private EmailId NewId()
    {
        var bytes = new byte[16];
        random.NextBytes(bytes);
        var dice = new Guid(bytes, bigEndian: true).ToString("N")[13..];
        return EmailId.Parse($"{time.GetUtcNow().ToUnixTimeMilliseconds():x12}7{dice}");
    }

    private async Task ScheduleAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var addresses = Enumerable.Range(1, random.Next(4) == 0 ? 3 : 1).Select(number => $"r{number}@domain{number}.example").ToList();
        var due = now + TimeSpan.FromSeconds(random.Next(-30, 600));
        var email = new ScheduledEmail
        {
            Id = NewId(),
            Content = new() { To = addresses, Subject = "simulated", Text = "hello" },
            ScheduledFor = due,
            CreatedAt = now,
            LastModified = now,
            NotAfter = random.Next(10) == 0 ? due + TimeSpan.FromMinutes(random.Next(1, 30)) : null,
            Account = random.Next(4) == 0 ? accounts.All[random.Next(accounts.All.Count)].Name : null,
            IdempotencyKey = random.Next(3) == 0 ? new($"key-{Emails.Count}-{step()}", "hash") : null,
        };
        var promised = new Promised(email.Id, addresses) { Account = email.Account, NotAfter = email.NotAfter, Key = email.IdempotencyKey?.Key };
        var timing = promised.Ask(step(), due);
        var results = await store.AddAsync([email], cancellationToken);
        if (results[0] is not AddResult.Added) Broken.Add($"a new email was answered with {results[0]}");
        timing.Answered = step();
        Emails.Add(promised);
    }

    private async Task CancelAsync(Promised promised, CancellationToken cancellationToken)
    {
        promised.CancelAsked = true;
        if (await TakeBackAsync(promised, new EmailChange.Cancel(), cancellationToken)) promised.CancelledAt ??= step();
    }

    private async Task RescheduleAsync(Promised promised, CancellationToken cancellationToken)
    {
        var due = time.GetUtcNow() + TimeSpan.FromSeconds(random.Next(0, 600));
        var timing = promised.Ask(step(), due);
        if (await TakeBackAsync(promised, new EmailChange.Reschedule(due, null), cancellationToken)) timing.Answered = step();
    }

    private async Task PauseAsync(Promised promised, CancellationToken cancellationToken)
    {
        if (await TakeBackAsync(promised, new EmailChange.Pause(), cancellationToken)) promised.Pauses.Add((step(), null));
    }

    private async Task<bool> TakeBackAsync(Promised promised, EmailChange change, CancellationToken cancellationToken)
    {
        // From here on the store may let another email probe, also before the answer is back.
        accounts.AskedBack(promised.Id);
        var result = await store.ChangeAsync(promised.Id, change, cancellationToken);
        accounts.Answered(promised.Id, result.Done);
        return result.Done;
    }

    private async Task RetryAsync(Promised promised, CancellationToken cancellationToken)
    {
        if (random.Next(3) > 0) return;
        promised.Retries++;
        await store.ChangeAsync(promised.Id, new EmailChange.Retry(), cancellationToken);
    }

    private async Task RepeatAsync(Promised promised, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var again = new ScheduledEmail
        {
            Id = NewId(),
            Content = new() { To = promised.Addresses, Subject = "simulated", Text = "hello" },
            ScheduledFor = now,
            CreatedAt = now,
            IdempotencyKey = new(promised.Key!, "hash"),
        };
        var results = await store.AddAsync([again], cancellationToken);
        if (results[0] is not AddResult.Existing existing || existing.Id != promised.Id) Broken.Add($"promise 9: the same key again was answered with {results[0]}");
        var other = await store.AddAsync([again with { IdempotencyKey = new(promised.Key!, "other") }], cancellationToken);
        if (other[0] is not AddResult.KeyConflict) Broken.Add($"promise 9: the same key with another request was answered with {other[0]}");
    }
}
