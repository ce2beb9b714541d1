using System.CommandLine;
using Nightmail.Cli.Printing;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;

namespace Nightmail.Cli.Commands;

/// <summary><c>list</c>: the emails that are not final, soonest first.</summary>
internal sealed class ListCommand : Verb
{
    private static readonly EmailStatus[] NotFinal = [EmailStatus.Pending, EmailStatus.Sending, EmailStatus.Paused, EmailStatus.InDoubt];

    private readonly Option<string[]> status = Words.Texts("--status", "STATUS", "Only these: pending, sending, paused, sent, failed, cancelled, in_doubt; may be repeated");
    private readonly Option<string?> account = Words.Text("--account", "NAME", "Only those through this account");
    private readonly Option<string?> search = Words.Text("--search", "TEXT", "Only those with these words in subject, text or addresses");
    private readonly Flag all = new("--all", "Also those that are sent, failed or cancelled");

    /// <summary>The command.</summary>
    public ListCommand()
        : base("list", "Lists the emails that wait, soonest first.", "nightmail list", "nightmail list --all --search invoice", "nightmail list --status failed --json")
    {
        Add(status);
        Add(account);
        Add(search);
        Add(all);
    }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var wanted = new EmailFilter { Statuses = Statuses(words), Account = words.GetValue(account), Search = words.GetValue(search) };

        // The whole store is asked for once: short ids have to be unique in all of it.
        var store = await session.Store.ListAsync(new(), cancellationToken);
        var emails = store.Where(wanted.Matches).ToList();
        var output = session.Surroundings.Output;
        if (session.Globals.Json)
        {
            var context = await session.WhyContextAsync(cancellationToken);
            output.Write(JsonText.Line(json =>
            {
                json.WriteStartArray();
                foreach (var email in emails) EmailJson.Write(json, email, context);
                json.WriteEndArray();
            }));
        }
        else if (emails.Count == 0)
        {
            session.Note(store.Count == 0 ? "nothing is scheduled" : $"nothing to list; {store.Count} {(store.Count == 1 ? "email" : "emails")} in all: {session.Command("list --all")}");
        }
        else
        {
            output.Write(EmailList.Text(emails, new ShortIds(store), session.Zone, session.Now, session.Surroundings.Width));
        }

        return ExitCodes.Done;
    }

    private EmailStatus[] Statuses(ParseResult words)
    {
        var named = (words.GetValue(status) ?? []).SelectMany(text => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).ToList();
        if (named.Count == 0) return all.IsSet(words) ? [] : NotFinal;
        return [.. named.Select(name => EmailStatusNames.ParseStatus(name) ?? throw Unknown(name))];
    }

    private static CommandFailure Unknown(string name)
    {
        var known = Enum.GetValues<EmailStatus>().Select(each => each.Name()).ToList();
        return CommandFailure.Usage($"unknown status '{name}'{(NearestWord.Find(name, known) is { } nearest ? $"; did you mean '{nearest}'?" : $"; known are {string.Join(", ", known)}")}");
    }
}
