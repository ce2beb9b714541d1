using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Tests.Delivery;

/// <summary>Emails, claims and ledgers for the tests of the decisions. The email is due at <see cref="Now"/>, to a, b and c.</summary>
internal static class Given
{
    public const string A = "a@x.example";
    public const string B = "b@x.example";
    public const string C = "c@x.example";

    public static readonly DateTimeOffset Now = new(2026, 12, 1, 8, 0, 0, TimeSpan.Zero);
    public static readonly WorkerId Owner = new("one");
    public static readonly WorkerId Other = new("two");
    public static readonly Reply Ok = new(250, "2.0.0", "Ok queued");
    public static readonly Reply Later = new(451, "4.7.1", "greylisted");
    public static readonly Reply Never = new(550, "5.1.1", "unknown");
    public static readonly AccountFault Refused = new(AccountFaultReason.Network, "connect: refused");

    public static ScheduledEmail Email(params string[] recipients) => new()
    {
        Id = EmailId.Parse("email_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b"),
        Content = new() { To = recipients.Length == 0 ? [A, B, C] : recipients, Subject = "Hello" },
        ScheduledFor = Now,
        CreatedAt = Now.AddHours(-1),
    };

    public static Claim Claimed(ScheduledEmail email, EmailLedger? ledger = null) => Arbitration.Claimed(email, ledger ?? EmailLedger.Empty, Owner, "work", Now) is var row
        ? new(row, Owner, row.Attempts, "work") : throw new InvalidOperationException();

    public static EmailLedger Ledger(params LedgerEntry[] entries) => new([.. entries.Select((entry, i) => entry with { Sequence = i + 1 })]);

    public static LedgerEntry Begin(int attempt, params string[] accepted) => Entry(LedgerKind.Begin) with
    {
        Attempt = attempt,
        Worker = Owner.Text,
        Account = "work",
        Recipients = [.. accepted.Select(address => new RecipientOutcome(address, Verdict.Untried))],
        Date = Now,
        From = "ada@example.org",
    };

    public static LedgerEntry Outcome(int attempt, params RecipientOutcome[] recipients) => Entry(LedgerKind.Outcome) with { Attempt = attempt, Account = "work", Recipients = recipients };

    public static LedgerEntry Entry(LedgerKind kind) => new() { Kind = kind, Email = Email().Id, At = Now };

    public static RecipientOutcome Delivered(string address) => new(address, Verdict.Delivered, Ok);

    public static RecipientOutcome Deferred(string address) => new(address, Verdict.Deferred, Later);

    public static RecipientOutcome Bounced(string address) => new(address, Verdict.Bounced, Never);

    public static RecipientOutcome Doubtful(string address) => new(address, Verdict.InDoubt);

    public static RecipientOutcome Untried(string address) => new(address, Verdict.Untried);

    public static bool Alive(string worker) => worker == Owner.Text || worker == Other.Text;

    public static bool Dead(string worker) => false;

    /// <summary>The recipients' states, one letter each: p, d, r, i.</summary>
    public static string States(this ScheduledEmail email) => string.Concat(email.AllRecipients().Select(recipient => recipient.Status switch
    {
        RecipientStatus.Pending => 'p',
        RecipientStatus.Delivered => 'd',
        RecipientStatus.Rejected => 'r',
        _ => 'i',
    }));

    /// <summary>Dice that always fall in the middle: no jitter up or down.</summary>
    internal sealed class EvenDice : Random
    {
        public override double NextDouble() => 0.5;
    }
}
