using Nightmail.Core.Emails;

namespace Nightmail.Testing.Simulation;

/// <summary>Holds what the server saw and what the store says at the end against what was promised. Each broken promise is one line.</summary>
public sealed class PromiseCheck(SimulatedServer server, IReadOnlyList<Promised> promised, IReadOnlyList<ScheduledEmail> rows)
{
    private readonly Dictionary<EmailId, ScheduledEmail> byId = rows.ToDictionary(row => row.Id);

    /// <summary>All broken promises.</summary>
    public IEnumerable<string> Broken() => promised.SelectMany(Broken);

    private IEnumerable<string> Broken(Promised email)
    {
        var dots = server.Dots.Where(dot => dot.Email == email.Id).ToList();
        foreach (var dot in dots)
        {
            if (dot.At < email.Earliest(dot.Step)) yield return $"promise 2: {email.Id} left at {dot.At:O}, before {email.Earliest(dot.Step):O}";
            if (email.Account is { } wanted && dot.Account != wanted) yield return $"{email.Id} names {wanted} and left through {dot.Account}";
            if (email.CancelledAt < dot.Step) yield return $"promise 7: {email.Id} left in step {dot.Step} although its cancel was answered in step {email.CancelledAt}";
            if (email.Pauses.Any(pause => pause.From < dot.Step && (pause.To is null || pause.To > dot.Step))) yield return $"promise 7: {email.Id} left while it was paused";
        }

        foreach (var address in email.Addresses)
        {
            var copies = server.Accepted.Count(acceptance => acceptance.Email == email.Id && acceptance.Address == address);
            if (copies > 1 + email.Retries) yield return $"promise 3: {email.Id} reached {address} {copies} times";
        }

        if (!byId.TryGetValue(email.Id, out var row))
        {
            if (!email.MayBeGone) yield return $"promise 1: {email.Id} is gone";
            yield break;
        }

        foreach (var broken in AtTheEnd(email, row)) yield return broken;
    }

    private IEnumerable<string> AtTheEnd(Promised email, ScheduledEmail row)
    {
        if (row.Status is EmailStatus.Pending or EmailStatus.Sending or EmailStatus.Paused)
            yield return $"promise 1: {email.Id} is still {row.Status.Name()}: {row.LastError}";
        if (row.Status == EmailStatus.Cancelled && !email.CancelAsked) yield return $"promise 1: {email.Id} is cancelled and nobody asked for it";
        if (email.CancelledAt is not null && row.Status != EmailStatus.Cancelled) yield return $"promise 7: {email.Id} was cancelled and is {row.Status.Name()}";
        foreach (var recipient in row.AllRecipients())
        {
            var copies = server.Accepted.Count(acceptance => acceptance.Email == email.Id && acceptance.Address == recipient.Address);
            switch (recipient.Status)
            {
                case RecipientStatus.Delivered when copies == 0:
                    yield return $"promise 1: {email.Id} says {recipient.Address} has it, and it has not";
                    break;
                case RecipientStatus.Pending when copies > 0 && email.Retries == 0:
                    yield return $"promise 4: {email.Id} says {recipient.Address} waits, and it has it";
                    break;
                case RecipientStatus.Rejected when copies > 0 && email.Retries == 0:
                    yield return $"promise 4: {email.Id} says {recipient.Address} was refused, and it has it";
                    break;
            }
        }

        if (row.Status == EmailStatus.Sent && !row.AllRecipients().Any(recipient => recipient.Status == RecipientStatus.Delivered))
            yield return $"promise 1: {email.Id} says it is sent, to nobody";
        if (row is { Status: EmailStatus.Failed, Reason: FailureReason.Expired } && email.NotAfter is null) yield return $"promise 6: {email.Id} expired without a not_after";
        if (row.Status == EmailStatus.Failed && row.Reason is null) yield return $"{email.Id} failed without a reason";
    }
}
