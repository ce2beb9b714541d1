using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;

namespace Nightmail.Tests.Delivery.Model;

/// <summary>What a walk through the model is made of.</summary>
internal sealed record ModelOptions
{
    /// <summary>The worker of each sender; two senders of one worker share its life and its name.</summary>
    public required string[] Workers { get; init; }

    public required Budget Budget { get; init; }

    /// <summary>What a person may do.</summary>
    public EmailChange[] Changes { get; init; } = [new EmailChange.Cancel()];

    public string[] Recipients { get; init; } = ["a@x.example"];

    /// <summary>The server takes one recipient a transaction.</summary>
    public bool OneAtATime { get; init; }

    /// <summary>The server may defer the email, and the connection may be lost before its reply.</summary>
    public bool Defers { get; init; } = true;

    /// <summary>Asked instead of <see cref="Arbitration.RefuseBegin"/>, to show that without its rules a promise breaks.</summary>
    public Func<ScheduledEmail?, EmailLedger, Claim, int, string?> RefuseBegin { get; init; } =
        (row, ledger, claim, transaction) => Arbitration.RefuseBegin(row, ledger, claim, transaction, sendingPaused: false);
}

/// <summary>
/// Every order of every step of the ledger's arbitration, made by the real decisions: senders, crashes, a person, a stale row that comes
/// back. Each durable write is a step of its own, the ledger's before the row's.
/// </summary>
internal sealed class LedgerModel(ModelOptions options)
{
    private static readonly DateTimeOffset Start = new(2026, 12, 1, 8, 0, 0, TimeSpan.Zero);

    /// <summary>Past every wait.</summary>
    private static readonly DateTimeOffset MuchLater = Start.AddYears(1);

    /// <summary>Past the limit of a claim that has not begun.</summary>
    private static readonly DateTimeOffset AfterTheLimit = Start + Rescue.NotBegunLimit + TimeSpan.FromMinutes(1);

    private static readonly DeliveryPolicy Policy = new();

    private readonly Random random = new(1);
    private readonly List<(ModelState State, string? Breach, string Step)> found = [];

    /// <summary>Where it begins: pending, and nobody has done anything.</summary>
    public ModelState First() => new()
    {
        Row = new()
        {
            Id = EmailId.Parse("email_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b"),
            Content = new() { To = options.Recipients },
            ScheduledFor = Start,
            CreatedAt = Start,
            Recipients = [.. options.Recipients.Select(address => new Recipient(address))],
        },
        Senders = [.. options.Workers.Select(_ => new Sender(Phase.Idle))],
        Taken = [.. options.Recipients.Select(_ => 0)],
        Allowed = [.. options.Recipients.Select(_ => 1)],
        Left = options.Budget,
    };

    /// <summary>What can happen next; a breach names the promise that breaks.</summary>
    public IReadOnlyList<(ModelState State, string? Breach, string Step)> Next(ModelState state)
    {
        found.Clear();
        foreach (var worker in options.Workers.Distinct().Where(worker => Lives(state, worker))) Die(state, worker);
        for (var i = 0; i < state.Senders.Count; i++) Send(state, i);
        if (state.Lock is null)
        {
            Rescued(state);
            if (state.Left.Changes > 0) foreach (var change in options.Changes) Change(state, change);
            if (state.Backup is null) Found(state with { Backup = state.Row }, "backup");
            else if (state.Left.Restores > 0) Found(state with { Row = state.Backup, Left = state.Left with { Restores = state.Left.Restores - 1 } }, "restore");
        }
        else if (state.Lock.By == ModelState.Person)
        {
            Found(state with { Row = state.Lock.Row!, Lock = null, TakenBack = state.TakenBack || state.Lock.TakesBack }, "the person is answered");
            Found(state with { Lock = null }, "the person's process dies between ledger and row");
        }

        return found;
    }

    /// <summary>The status that the email ends in when every process dies here and a new worker does what there is to do; null: it goes round in circles.</summary>
    public ModelState? Settled(ModelState state)
    {
        var now = AllDead(state);
        now = now with { Senders = [.. now.Senders, new Sender(Phase.Idle)] };
        var heir = new LedgerModel(options with { Workers = [.. options.Workers, "heir"], Defers = false });
        for (var step = 0; step < 60; step++)
        {
            var shown = now.Row.Status == EmailStatus.Sending ? now.Row : Settlement.Settle(now.Row, now.Ledger);
            var idle = now.Senders[^1].Phase == Phase.Idle;
            if (idle && now.Lock is null && shown.Status is not (EmailStatus.Pending or EmailStatus.Sending)) return now with { Row = shown };
            heir.found.Clear();
            if (idle && now.Lock is null) heir.Rescued(now);
            if (heir.found.Count == 0) heir.Send(now, now.Senders.Count - 1);
            if (heir.found.Count == 0 || heir.found[0].Breach is not null) return null;
            now = heir.found[0].State;
        }

        return null;
    }

    /// <summary>What is left when every process dies.</summary>
    public ModelState AllDead(ModelState state) => state with
    {
        Lock = null,
        Lapsed = 0,
        Backup = null,
        Senders = [.. state.Senders.Select(_ => new Sender(Phase.Dead))],
        Left = new(0, 0, int.MaxValue, 0, 0),
    };

    private void Die(ModelState state, string worker)
    {
        if (state.Left.Crashes > 0)
        {
            Found(state with
            {
                Senders = [.. state.Senders.Select((sender, i) => options.Workers[i] == worker ? new Sender(Phase.Dead) : sender)],
                Lock = state.Lock is { By: >= 0 and var by } && options.Workers[by] == worker ? null : state.Lock,
                Left = state.Left with { Crashes = state.Left.Crashes - 1 },
            }, $"{worker} dies");
        }

        var bit = 1 << Array.IndexOf(options.Workers, worker);
        if (state.Left.Lapses > 0 && (state.Lapsed & bit) == 0) Found(state with { Lapsed = state.Lapsed | bit, Left = state.Left with { Lapses = state.Left.Lapses - 1 } }, $"{worker} is taken for dead");
    }

    private void Send(ModelState state, int i)
    {
        var sender = state.Senders[i];
        var name = $"{options.Workers[i]}/{i}";
        switch (sender.Phase)
        {
            case Phase.Idle when state.Lock is null && state.Left.Claims > 0:
                var row = state.Row.Status == EmailStatus.Sending ? state.Row : Settlement.Settle(state.Row, state.Ledger);
                if (!Arbitration.IsClaimable(row, MuchLater)) return;
                var claimed = Arbitration.Claimed(row, state.Ledger, new(options.Workers[i]), "work", Start);
                var open = claimed.AllRecipients().Where(recipient => recipient.Status == RecipientStatus.Pending).Select(recipient => recipient.Address).ToList();
                Found(With(state, i, new(Phase.Claimed, new(claimed, new(options.Workers[i]), claimed.Attempts, "work")) { Recipients = open }) with
                {
                    Row = claimed,
                    Left = state.Left with { Claims = state.Left.Claims - 1 },
                }, $"{name} claims attempt {claimed.Attempts}");
                return;
            case Phase.Claimed when state.Lock is null:
                Begin(state, i, sender, name);
                return;
            case Phase.Begun:
                Dot(state, i, sender, name);
                return;
            case Phase.Dotted:
                Answered(state, i, sender, Verdict.Delivered, $"{name} reads the reply");
                if (options.Defers) Answered(state, i, sender, Verdict.InDoubt, $"{name} loses the reply");
                return;
            case Phase.Knowing when state.Lock is null:
                Record(state, i, sender, name);
                return;
            case Phase.Knowing when state.Lock is { } half && half.By == i:
                Found(With(state, i, Next(sender)) with { Row = half.Row ?? state.Row, Lock = null }, $"{name} writes the row");
                return;
        }
    }

    private void Begin(ModelState state, int i, Sender sender, string name)
    {
        var claim = sender.Claim!;
        if (options.RefuseBegin(state.Row, state.Ledger, claim, sender.Transaction) is { } refusal)
        {
            var result = sender.Transaction == 0
                ? new AttemptResult(Lifecycle.GivenBack(claim.Email, Start), null)
                : new AttemptResult(Lifecycle.After(claim.Email, Outcome(sender.Earlier, sender.Recipients, Verdict.Untried), Policy, Start, random), null);
            Found(With(state, i, sender with { Phase = Phase.Knowing, Result = result }), $"{name} is refused: {refusal}");
            return;
        }

        var recipients = options.OneAtATime ? sender.Recipients.Take(1).ToList() : sender.Recipients;
        var entry = Entry(state, claim, LedgerKind.Begin, sender.Transaction) with
        {
            Worker = claim.Owner.Text,
            Recipients = [.. recipients.Select(address => new RecipientOutcome(address, Verdict.Untried))],
        };
        Found(With(state, i, sender with { Phase = Phase.Begun }) with { Ledger = Append(state.Ledger, entry) }, $"{name} begins");
    }

    private void Dot(ModelState state, int i, Sender sender, string name)
    {
        List<string> now = options.OneAtATime ? [.. sender.Recipients.Take(1)] : [.. sender.Recipients];
        var taken = state.Taken.Select((count, r) => count + (now.Contains(options.Recipients[r]) ? 1 : 0)).ToList();
        var breach = state.TakenBack ? "a dot after an acknowledged cancel or pause"
            : taken.Where((count, r) => count > state.Allowed[r] && count > state.Taken[r]).Any() ? "accepted twice" : null;
        Found(With(state, i, sender with { Phase = Phase.Dotted }) with { Taken = taken }, $"{name} sends the dot", breach);
        if (options.Defers) Answered(state, i, sender, Verdict.Deferred, $"{name} is deferred");
    }

    /// <summary>The transaction is over; with recipients left the attempt goes on with another.</summary>
    private void Answered(ModelState state, int i, Sender sender, Verdict verdict, string step)
    {
        List<string> now = options.OneAtATime ? [.. sender.Recipients.Take(1)] : [.. sender.Recipients];
        List<string> left = [.. sender.Recipients.Except(now)];
        RecipientOutcome[] tried = [.. now.Select(address => new RecipientOutcome(address, verdict, new(verdict == Verdict.Delivered ? 250 : 451, null, "said so")))];
        var entry = Entry(state, sender.Claim!, LedgerKind.Outcome, sender.Transaction) with { Recipients = tried };
        if (left.Count > 0)
        {
            // The row is not touched: the result's row stands for that, and the sender goes on as claimed.
            Found(With(state, i, sender with { Phase = Phase.Knowing, Recipients = left, Earlier = [.. sender.Earlier, .. tried], Result = new(sender.Claim!.Email, entry) }), step);
            return;
        }

        var row = Lifecycle.After(sender.Claim!.Email, Outcome([.. sender.Earlier, .. tried], [], verdict), Policy, Start, random);
        var gaveUp = row.Reason == FailureReason.GaveUp ? row.Reason : null;
        Found(With(state, i, sender with { Phase = Phase.Knowing, Recipients = [], Result = new(row, entry with { NextAttempt = row.NextAttempt, Reason = gaveUp }) }), step);
    }

    private void Record(ModelState state, int i, Sender sender, string name)
    {
        var result = sender.Result!;
        var ledger = result.Outcome is { } outcome ? Append(state.Ledger, outcome) : state.Ledger;
        var goesOn = sender.Recipients.Count > 0 && result.Outcome is not null;
        ScheduledEmail? row = null;
        if (!goesOn && Arbitration.Holds(state.Row, sender.Claim!)) row = Arbitration.Recorded(result.Email, state.Row, ledger, sender.Claim!);
        else if (state.Row.Status != EmailStatus.Sending && Settlement.Settle(state.Row, ledger) is var settled && !ReferenceEquals(settled, state.Row)) row = settled;
        if (result.Outcome is null) Found(With(state, i, Next(sender)) with { Row = row ?? state.Row }, $"{name} gives back");
        else Found(state with { Ledger = ledger, Lock = new(row, i, false) }, $"{name} writes the outcome");
    }

    private void Rescued(ModelState state)
    {
        if (!options.Workers.Any(worker => Lives(state, worker))) return;
        foreach (var now in (DateTimeOffset[])[Start, AfterTheLimit])
        {
            if (state.Row.Status == EmailStatus.Sending)
            {
                if (Rescue.Take(state.Row, state.Ledger, worker => IsAlive(state, worker), now) is { } row) Found(state with { Row = row }, "rescue");
            }
            else if (state.Ledger.LastSequence > state.Row.LedgerLast && !state.Ledger.Unanswered().Any(begin => IsAlive(state, begin.Worker!)))
            {
                Found(state with { Row = Settlement.Settle(state.Row, state.Ledger) }, "late news");
                return;
            }
        }
    }

    private void Change(ModelState state, EmailChange change)
    {
        var decision = ChangeRules.Decide(state.Row, state.Ledger, change, worker => IsAlive(state, worker), Start);
        if (decision.Entry is null) return;
        var ledger = Append(state.Ledger, decision.Entry);
        var doubtful = Settlement.Settle(state.Row, state.Ledger).AllRecipients();
        Found(state with
        {
            Ledger = ledger,
            Lock = new(decision.Row with { LedgerLast = ledger.LastSequence }, ModelState.Person, change is EmailChange.Cancel or EmailChange.Pause),
            TakenBack = state.TakenBack && change is not EmailChange.Resume,
            Allowed = change is EmailChange.Retry ? [.. state.Allowed.Select((count, r) => count + (doubtful[r].Status == RecipientStatus.InDoubt ? 1 : 0))] : state.Allowed,
            Left = state.Left with { Changes = state.Left.Changes - 1 },
        }, $"the person says {change.Name}");
    }

    private bool Lives(ModelState state, string worker) => state.Senders.Where((sender, i) => options.Workers[i] == worker && sender.Phase != Phase.Dead).Any();

    private bool IsAlive(ModelState state, string worker) => Lives(state, worker) && (state.Lapsed & (1 << Array.IndexOf(options.Workers, worker))) == 0;

    private void Found(ModelState state, string step, string? breach = null) => found.Add((state, breach, step));

    private static Sender Next(Sender sender) => sender.Recipients.Count > 0 && sender.Result?.Outcome is not null
        ? sender with { Phase = Phase.Claimed, Transaction = sender.Transaction + 1, Result = null }
        : new(Phase.Idle);

    private static ModelState With(ModelState state, int i, Sender sender) => state with { Senders = [.. state.Senders.Select((old, j) => j == i ? sender : old)] };

    private static EmailLedger Append(EmailLedger ledger, LedgerEntry entry) => new([.. ledger.Entries, entry with { Sequence = ledger.LastSequence + 1 }]);

    private static LedgerEntry Entry(ModelState state, Claim claim, LedgerKind kind, int transaction) => new()
    {
        Kind = kind,
        Email = state.Row.Id,
        At = Start,
        Attempt = claim.Attempt,
        Transaction = transaction,
        Account = claim.Account,
    };

    private static DeliveryOutcome Outcome(IReadOnlyList<RecipientOutcome> tried, IReadOnlyList<string> left, Verdict verdict) =>
        new([.. tried, .. left.Select(address => new RecipientOutcome(address, verdict))]) { Begun = true };
}
