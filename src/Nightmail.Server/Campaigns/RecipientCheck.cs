using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Server.Campaigns;

/// <summary>What a look through a campaign's waiting recipients found.</summary>
/// <param name="Suppressed">Those that are suppressed by now.</param>
/// <param name="Lacking">Those that lack a variable.</param>
/// <param name="Named">The first of these, each with what it lacks.</param>
internal sealed record RecipientFindings(long Suppressed, long Lacking, IReadOnlyList<string> Named);

/// <summary>Looks through the waiting recipients of a campaign, some at a time.</summary>
internal sealed class RecipientCheck(ICampaignEmails emails, ISuppressionStore suppressions)
{
    /// <summary>Recipients that are named; more would not be read.</summary>
    public const int MostNamed = 20;

    private const int AtOnce = 500;

    /// <summary>Looks for suppressed ones and for those that lack any of the variables.</summary>
    public async Task<RecipientFindings> LookAsync(CampaignId campaign, IReadOnlyList<string> variables, CancellationToken cancellationToken)
    {
        var (suppressed, lacking, named) = (0L, 0L, new List<string>());
        var anySuppressed = (await suppressions.ListAsync(null, 1, cancellationToken)).Count > 0;
        if (!anySuppressed && variables.Count == 0) return new(0, 0, []);
        await foreach (var some in PagesAsync(campaign, cancellationToken))
        {
            if (anySuppressed) suppressed += await CountSuppressedAsync(some, cancellationToken);
            foreach (var email in some)
            {
                if (Variables.Missing(variables, email.Variables) is not { Count: > 0 } missing) continue;
                lacking++;
                if (named.Count < MostNamed) named.Add(Words(email, missing));
            }
        }

        return new(suppressed, lacking, named);
    }

    /// <summary>The first recipients that lack any of the variables, each with what it lacks; one more than are named says that there are more.</summary>
    public async Task<IReadOnlyList<string>> LackingAsync(CampaignId campaign, IReadOnlyList<string> variables, CancellationToken cancellationToken)
    {
        List<string> named = [];
        if (variables.Count == 0) return named;
        await foreach (var some in PagesAsync(campaign, cancellationToken))
        {
            foreach (var email in some)
                if (Variables.Missing(variables, email.Variables) is { Count: > 0 } missing) named.Add(Words(email, missing));
            if (named.Count > MostNamed) break;
        }

        return named;
    }

    private static string Words(ScheduledEmail email, IReadOnlyList<string> missing) => $"{email.Content.To[0]}: {string.Join(", ", missing)}";

    private async IAsyncEnumerable<IReadOnlyList<ScheduledEmail>> PagesAsync(CampaignId campaign, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        EmailId? after = null;
        while (await emails.RecipientsAsync(campaign, EmailStatus.Pending, after, AtOnce, cancellationToken) is { Count: > 0 } some)
        {
            yield return some;
            after = some[^1].Id;
        }
    }

    private async Task<int> CountSuppressedAsync(IReadOnlyList<ScheduledEmail> some, CancellationToken cancellationToken)
    {
        List<IReadOnlyList<string>> targets = [.. some.Select(email => Suppression.TargetsFor(email.AllRecipients()[0].Address))];
        var found = await suppressions.FindAsync([.. targets.SelectMany(each => each).Distinct(StringComparer.Ordinal)], cancellationToken);
        return targets.Count(each => each.Any(found.Contains));
    }
}
