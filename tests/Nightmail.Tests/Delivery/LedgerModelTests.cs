using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Tests.Delivery.Model;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Delivery;

/// <summary>
/// Walks every order of every step, breadth first, through the real decisions. Checked at each step: the server takes the email at most
/// once (once more where a person asked for it in doubt), and never after a cancel or pause that was answered with success. Checked from each
/// state: when everything dies there, a new worker brings the email to a status that a person can see, and what the server has is never forgotten.
/// </summary>
public sealed class LedgerModelTests(ITestOutputHelper output)
{
    private static readonly EmailChange[] Taking = [new EmailChange.Cancel(), new EmailChange.Pause(), new EmailChange.Resume()];
    private static readonly EmailChange[] Deciding = [new EmailChange.Cancel(), new EmailChange.Retry(), new EmailChange.MarkSent()];

    [Fact]
    public void Two_workers_a_cancel_crashes_and_a_stale_row() =>
        Holds(new() { Workers = ["one", "two"], Budget = new(Crashes: 2, Restores: 2, Claims: 3, Changes: 1, Lapses: 0) });

    [Fact]
    public void Two_senders_of_one_worker() =>
        Holds(new() { Workers = ["one", "one"], Budget = new(Crashes: 1, Restores: 2, Claims: 3, Changes: 1, Lapses: 0) });

    [Fact]
    public void A_worker_that_is_taken_for_dead_and_is_not() =>
        Holds(new() { Workers = ["one", "two"], Budget = new(Crashes: 0, Restores: 1, Claims: 3, Changes: 1, Lapses: 1) });

    [Fact]
    public void Pause_and_resume() =>
        Holds(new() { Workers = ["one", "two"], Budget = new(Crashes: 1, Restores: 1, Claims: 2, Changes: 2, Lapses: 0), Changes = Taking });

    [Fact]
    public void A_person_who_settles_doubt() =>
        Holds(new() { Workers = ["one", "two"], Budget = new(Crashes: 1, Restores: 1, Claims: 2, Changes: 2, Lapses: 0), Changes = Deciding });

    [Fact]
    public void Late_news_of_an_attempt_that_a_person_had_given_up() =>
        Holds(new() { Workers = ["one", "two"], Budget = new(Crashes: 0, Restores: 0, Claims: 3, Changes: 1, Lapses: 1), Changes = [new EmailChange.Retry(), new EmailChange.MarkSent()] });

    [Fact]
    public void Two_recipients_a_transaction_each() =>
        Holds(new() { Workers = ["one", "two"], Budget = new(Crashes: 1, Restores: 1, Claims: 2, Changes: 1, Lapses: 0), Recipients = ["a@x.example", "b@x.example"], OneAtATime = true });

    [Fact]
    public void Without_the_fence_of_the_claim_a_promise_breaks() =>
        Breaks((_, _, _, _) => null);

    [Fact]
    public void Without_comparing_row_and_ledger_a_promise_breaks() =>
        Breaks((row, ledger, claim, transaction) => Arbitration.Holds(row, claim) && !ledger.HasBegun(claim.Attempt, transaction) && ledger.Unanswered().Count == 0 ? null : "no");

    private static void Breaks(Func<ScheduledEmail?, EmailLedger, Claim, int, string?> rule)
    {
        var options = new ModelOptions { Workers = ["one", "two"], Budget = new(Crashes: 1, Restores: 1, Claims: 3, Changes: 1, Lapses: 0), RefuseBegin = rule };
        new Walk(new(options), options).Run().Breach.ShouldNotBeNull();
    }

    private void Holds(ModelOptions options)
    {
        var (states, breach) = new Walk(new(options), options).Run();
        output.WriteLine($"{states} states");
        breach.ShouldBeNull();
        states.ShouldBeGreaterThan(1_000);
    }

    private sealed class Walk(LedgerModel model, ModelOptions options)
    {
        private readonly HashSet<UInt128> seen = [];
        private readonly HashSet<UInt128> ended = [];
        private readonly List<(int Parent, string Step)> nodes = [];
        private readonly Queue<(ModelState State, int Node)> todo = new();

        public (int States, string? Breach) Run()
        {
            Add(model.First(), -1, "start");
            while (todo.TryDequeue(out var next))
            {
                if (Unfinished(next.State) is { } trouble) return (nodes.Count, $"{trouble}:{History(next.Node)}");
                foreach (var (state, breach, step) in model.Next(next.State))
                {
                    if (breach is not null) return (nodes.Count, $"{breach}:{History(next.Node)}\n  {step}");
                    Add(state, next.Node, step);
                }
            }

            return (nodes.Count, null);
        }

        private void Add(ModelState state, int parent, string step)
        {
            if (!seen.Add(state.Key())) return;
            nodes.Add((parent, step));
            todo.Enqueue((state, nodes.Count - 1));
        }

        private string? Unfinished(ModelState state)
        {
            // Only what outlives every process counts, so many states end alike.
            if (!ended.Add(model.AllDead(state).Key())) return null;
            if (model.Settled(state) is not { } end) return "when all die here, the email goes round in circles or is sent twice";
            var asked = Enumerable.Range(0, options.Recipients.Length).Any(r => end.Allowed[r] > 1);
            var forgotten = end.Row.AllRecipients().Where((recipient, r) => end.Taken[r] > 0 && recipient.Status is not (RecipientStatus.Delivered or RecipientStatus.InDoubt));
            var invented = end.Row.AllRecipients().Where((recipient, r) => end.Taken[r] == 0 && recipient.Status == RecipientStatus.Delivered);
            if (!asked && forgotten.Any()) return $"when all die here, a recipient who has it is {end.Row.Status.Name()}";
            var marked = end.Ledger.Entries.Any(entry => entry.Kind == LedgerKind.MarkSent);
            return !marked && invented.Any() ? "when all die here, a recipient who has nothing counts as delivered" : null;
        }

        private string History(int node)
        {
            var steps = new List<string>();
            for (; node > 0; node = nodes[node].Parent) steps.Add(nodes[node].Step);
            steps.Reverse();
            return string.Concat(steps.Select(step => $"\n  {step}"));
        }
    }
}
