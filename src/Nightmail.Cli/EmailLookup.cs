using Nightmail.Cli.Printing;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Cli;

/// <summary>Finds the emails that a person names, by their ids or by as much of them as is unique.</summary>
internal sealed class EmailLookup(Session session)
{
    /// <summary>More candidates than this are not listed.</summary>
    private const int ListedCandidates = 5;

    private IReadOnlyList<ScheduledEmail>? all;

    /// <summary>The email of that id.</summary>
    /// <exception cref="CommandFailure">There is none, or more than one that could be meant.</exception>
    public async Task<ScheduledEmail> FindAsync(string text, CancellationToken cancellationToken)
    {
        if (EmailId.TryParse(text, out var id))
            return await session.Store.FindAsync(id, cancellationToken) ?? throw CommandFailure.NotFound($"there is no email {text}; see {session.Command("list --all")}");
        var found = (await AllAsync(cancellationToken)).Where(email => ShortIds.Names(text, email.Id)).ToList();
        return found.Count switch
        {
            1 => found[0],
            0 => throw CommandFailure.NotFound($"there is no email whose id begins or ends with '{text}'; see {session.Command("list --all")}"),
            _ => throw CommandFailure.Usage($"'{text}' could be {string.Join(", ", found.Take(ListedCandidates).Select(email => email.Id))}{(found.Count > ListedCandidates ? $" and {found.Count - ListedCandidates} more" : "")}; write more of the id"),
        };
    }

    private async Task<IReadOnlyList<ScheduledEmail>> AllAsync(CancellationToken cancellationToken) =>
        all ??= await session.Store.ListAsync(new EmailFilter(), cancellationToken);
}
