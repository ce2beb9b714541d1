using Nightmail.Core.Emails;

namespace Nightmail.Cli;

/// <summary>Finds the emails that a person names, by their ids or by as much of them as is unique.</summary>
internal sealed class EmailLookup(Session session)
{
    /// <summary>More candidates than this are not listed.</summary>
    private const int ListedCandidates = 5;

    /// <summary>The email of that id.</summary>
    /// <exception cref="CommandFailure">There is none, or more than one that could be meant.</exception>
    public async Task<ScheduledEmail> FindAsync(string text, CancellationToken cancellationToken)
    {
        if (EmailId.TryParse(text, out var id))
            return await session.Store.FindAsync(id, cancellationToken) ?? throw CommandFailure.NotFound($"there is no email {text}; see {session.Command("list --all")}");
        var named = await session.Store.NamedAsync(text, ListedCandidates + 1, cancellationToken);
        // A list shows single emails, by as much of their ids as tells them from each other: what names one of them means it.
        var found = named.Any(email => email.Campaign is null) ? [.. named.Where(email => email.Campaign is null)] : named;
        return found.Count switch
        {
            // A list leaves out what they say.
            1 => await session.Store.FindAsync(found[0].Id, cancellationToken) ?? throw CommandFailure.NotFound($"there is no email {found[0].Id} any more"),
            0 => throw CommandFailure.NotFound($"there is no email whose id begins or ends with '{text}'; see {session.Command("list --all")}"),
            _ => throw CommandFailure.Usage($"'{text}' could be {string.Join(", ", found.Take(ListedCandidates).Select(email => email.Id))}{(found.Count > ListedCandidates ? " and more" : "")}; write more of the id"),
        };
    }
}
