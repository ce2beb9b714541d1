using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;

namespace Nightmail.Cli.Demo;

/// <summary>What the demo's audience sees of each email: kept up to date by the engine's events.</summary>
internal sealed class DemoBoard(TimeProvider time) : IEngineObserver
{
    private readonly Lock gate = new();
    private readonly List<ScheduledEmail> emails = [];
    private readonly Dictionary<EmailId, string> notes = [];
    private readonly Dictionary<EmailId, DateTimeOffset> dueOf = [];

    /// <summary>Puts an email on the board, or takes over what it is now.</summary>
    public void Put(ScheduledEmail email)
    {
        lock (gate) Put_NeedsLock(email);
    }

    /// <inheritdoc/>
    public void On(EngineEvent happened)
    {
        lock (gate)
        {
            if (happened is EngineEvent.Recorded recorded) Record_NeedsLock(recorded);
            else if (happened is EngineEvent.Rescued rescued) Put_NeedsLock(rescued.Email);
            else if (happened is EngineEvent.Expired expired) Put_NeedsLock(expired.Email);
        }
    }

    /// <summary>A line an email: recipient, subject, status, and when it leaves or how it left.</summary>
    public IReadOnlyList<DemoRow> Rows()
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            return [.. emails.Select(email => new DemoRow(email.Content.To[0], email.Content.Subject, email.Status, Remark_NeedsLock(email, now)))];
        }
    }

    private void Record_NeedsLock(EngineEvent.Recorded recorded)
    {
        var email = recorded.Email;
        var due = dueOf.GetValueOrDefault(email.Id, email.ScheduledFor);
        notes[email.Id] = email switch
        {
            { Status: EmailStatus.Sent, SentAt: { } sent } => $"left {(sent - due).TotalMilliseconds:0} ms after it was due{(recorded.Attempt > 1 ? $", in attempt {recorded.Attempt}" : "")}",
            { LastError: { } error } => error,
            _ => "",
        };
        Put_NeedsLock(email);
    }

    private void Put_NeedsLock(ScheduledEmail email)
    {
        var index = emails.FindIndex(other => other.Id == email.Id);
        if (index < 0) emails.Add(email);
        else emails[index] = email;
        dueOf[email.Id] = email.Due;
    }

    private string Remark_NeedsLock(ScheduledEmail email, DateTimeOffset now)
    {
        var note = notes.GetValueOrDefault(email.Id, "");
        if (email.Status != EmailStatus.Pending) return note;
        return $"{TimeWords.Relative(email.Due - now)}{(note.Length > 0 ? $"; {note}" : "")}";
    }
}

/// <summary>One line of the board.</summary>
internal sealed record DemoRow(string To, string Subject, EmailStatus Status, string Remark);
