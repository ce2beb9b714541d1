using System.Buffers;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Connections;
using Nightmail.Store.Sql.Sqlite.Ledger;
using Nightmail.Store.Sql.Sqlite.Rows;

namespace Nightmail.Store.Sql.Sqlite.Reading;

/// <summary>Connections that only read, beside the ones that write. Not safe for two threads at once.</summary>
internal sealed class StoreReader : IDisposable
{
    private const int LookedThroughAtOnce = 200;

    /// <summary>What ids are written with, those of older queue files too.</summary>
    private static readonly SearchValues<char> IdLetters = SearchValues.Create("0123456789abcdef_");

    private readonly Database emails, ledgerDatabase;
    private readonly EntryReader ledger;
    private readonly Statement find;

    public StoreReader(string emailsPath, string ledgerPath)
    {
        emails = Database.OpenToRead(emailsPath);
        ledgerDatabase = Database.OpenToRead(ledgerPath);
        ledger = new(ledgerDatabase);
        find = emails.Prepare($"{RowReader.SelectAlone} WHERE e.id = ?");
    }

    /// <summary>The email as the ledger knows it, or null.</summary>
    public ScheduledEmail? Find(EmailId id)
    {
        // The ledger first: a row that is newer than what was seen of it is right as it stands.
        var entries = ledger.Of(id);
        if (!find.Start().With(id).Step()) return null;
        var row = RowReader.Read(find).Email;
        find.Start();
        return row.Status == EmailStatus.Sending ? row : Settlement.Settle(row, new(entries));
    }

    /// <summary>The emails that the filter names, soonest first.</summary>
    public List<ScheduledEmail> List(EmailFilter filter)
    {
        using var list = emails.Prepare($"{RowReader.SelectAlone} WHERE {ListSql(filter)} ORDER BY max(e.scheduled_for, ifnull(e.next_attempt, e.scheduled_for)), e.id");
        list.Start();
        foreach (var status in filter.Statuses) list.With((long)status);
        if (filter.Account is { } account) list.With(account);
        var found = new List<ScheduledEmail>();
        while (list.Step())
        {
            var row = RowReader.Read(list).Email;
            if (filter.Matches(row)) found.Add(row);
        }

        return found;
    }

    /// <summary>Some of the emails that the filter names, soonest first. As many rows as a page holds are in memory, and a few hundred while words are searched.</summary>
    public EmailPage Page(EmailFilter filter, EmailPlace? after, int most)
    {
        var found = new List<ScheduledEmail>();
        var atOnce = Math.Max(most + 1, LookedThroughAtOnce);
        while (found.Count <= most && Rows(filter, after, atOnce) is { Count: > 0 } rows)
        {
            found.AddRange(rows.Where(filter.Matches));
            after = EmailPlace.Of(rows[^1]);
            if (rows.Count < atOnce) break;
        }

        return found.Count > most ? new(found[..most], EmailPlace.Of(found[most - 1])) : new(found, null);
    }

    /// <summary>Emails whose id that text is a beginning or an end of. Looks through all ids, and at nothing else.</summary>
    public List<ScheduledEmail> Named(string part, int most)
    {
        var digits = part.Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();
        var whole = digits.StartsWith(EmailId.Prefix, StringComparison.Ordinal);
        if (whole) digits = digits[EmailId.Prefix.Length..];
        if (digits.Length == 0 || digits.AsSpan().ContainsAnyExcept(IdLetters)) return [];
        const string Id = "CASE typeof(id) WHEN 'blob' THEN lower(hex(id)) ELSE id END";
        using var list = emails.Prepare($"{RowReader.SelectAlone} WHERE e.number IN (SELECT number FROM email WHERE {Id} GLOB ? OR {Id} GLOB ? ORDER BY id LIMIT ?)");
        list.Start().With($"{digits}*").With(whole ? digits : $"*{digits}").With(most);
        var found = new List<ScheduledEmail>();
        while (list.Step())
            if (RowReader.Read(list).Email is var email && email.Id.IsNamedBy(part)) found.Add(email);
        return found;
    }

    /// <summary>Emails of no campaign behind an id, whole and as the ledger knows them.</summary>
    public List<ScheduledEmail> Export(EmailId? after, int most)
    {
        // One look for all of a page: an email that is pruned in between must not make the page look like the last.
        return emails.Reading(() =>
        {
            List<EmailId> ids = [];
            using (var list = emails.Prepare($"SELECT id FROM email WHERE campaign IS NULL {(after is null ? "" : "AND id > ?")} ORDER BY id LIMIT ?"))
            {
                list.Start();
                if (after is { } last) list.With(last);
                list.With(most);
                while (list.Step()) ids.Add(list.Id());
            }

            return ids.Select(Find).OfType<ScheduledEmail>().ToList();
        });
    }

    /// <summary>Recipients of a campaign in the order in which they came.</summary>
    public List<ScheduledEmail> Recipients(CampaignId campaign, EmailStatus? status, EmailId? after, int most)
    {
        var only = status is null ? "" : "AND e.status = ?";
        var from = after is null ? "" : "AND e.number > (SELECT number FROM email WHERE id = ?)";
        using var list = emails.Prepare($"{RowReader.SelectAlone} WHERE e.campaign = ? {only} {from} ORDER BY e.number LIMIT ?");
        list.Start().With((CampaignId?)campaign);
        if (status is { } wanted) list.With((long)wanted);
        if (after is { } last) list.With(last);
        list.With(most);
        var found = new List<ScheduledEmail>();
        while (list.Step()) found.Add(RowReader.Read(list).Email);
        return found;
    }

    /// <summary>The campaign's recipient of that address; null: there is none. Looks through the campaign where there is one.</summary>
    public ScheduledEmail? Recipient(CampaignId campaign, string address)
    {
        var folded = address.ToLowerInvariant();
        using (var has = emails.Prepare("SELECT 1 FROM campaign_address WHERE campaign = ? AND address = ?"))
            if (has.Start().With((CampaignId?)campaign).With(folded).Scalar() != 1) return null;
        // The text of the address narrows the search where it stands in the row as it is; the rows themselves have the last word.
        var only = folded.All(letter => char.IsAscii(letter) && letter is not ('"' or '\\')) ? "AND instr(lower(c.head), ?) > 0" : "";
        using var list = emails.Prepare($"{RowReader.SelectAlone} WHERE e.campaign = ? {only} ORDER BY e.number");
        list.Start().With((CampaignId?)campaign);
        if (only.Length > 0) list.With(folded);
        while (list.Step())
            if (RowReader.Read(list).Email is var email && email.AllRecipients()[0].Address.Equals(address, StringComparison.OrdinalIgnoreCase)) return email;
        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        emails.Dispose();
        ledgerDatabase.Dispose();
    }

    private List<ScheduledEmail> Rows(EmailFilter filter, EmailPlace? after, int most)
    {
        var behind = after is null ? "" : "AND (e.due, e.id) > (?, ?)";
        // The numbers first, so that what a row says is read for this page alone.
        using var list = emails.Prepare($"{RowReader.SelectAlone} WHERE e.number IN (SELECT e.number FROM email e WHERE {PageSql(filter)} {behind} ORDER BY e.due, e.id LIMIT ?) ORDER BY e.due, e.id");
        list.Start();
        if (filter.Account is { } account) list.With(account);
        if (after is not null) list.With((DateTimeOffset?)after.Due).With(after.Id);
        list.With(most);
        var rows = new List<ScheduledEmail>();
        while (list.Step()) rows.Add(RowReader.Read(list).Email);
        return rows;
    }

    private static string PageSql(EmailFilter filter)
    {
        // Numbers in the text and not parameters: so SQLite sees that an index over the rows of one status serves.
        List<string> conditions = [filter.Statuses.Count == 0 ? "true" : $"e.status IN ({string.Join(", ", filter.Statuses.Select(status => (int)status))})"];
        if (filter.OwnOnly) conditions.Add(filter.Statuses.Count == 1 && filter.Statuses.Contains(EmailStatus.Pending) ? "e.lane IN (SELECT lane FROM lane WHERE campaign IS NULL)" : "e.campaign IS NULL");
        if (filter.Account is not null) conditions.Add("ifnull((SELECT account FROM lane WHERE lane = e.lane), e.last_account) = ?");
        return string.Join(" AND ", conditions);
    }

    private static string ListSql(EmailFilter filter)
    {
        var statuses = filter.Statuses.Count == 0 ? "true" : $"e.status IN ({string.Join(", ", filter.Statuses.Select(_ => "?"))})";
        if (filter.OwnOnly) statuses += " AND e.campaign IS NULL";
        // The filter itself has the last word; this only spares reading what it would not take.
        return filter.Account is null ? statuses : $"{statuses} AND ifnull((SELECT account FROM lane WHERE lane = e.lane), e.last_account) = ?";
    }
}
