using Dapper;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Store.Sql.Shared;

/// <summary>The send log.</summary>
internal sealed class SendLogRows(ISqlSession session) : ISendLog, ISendLogRetention
{
    /// <summary>Rows that one transaction takes out.</summary>
    private const int PrunedAtOnce = 500;

    public async ValueTask AppendAsync(IReadOnlyList<SendLogEntry> entries, CancellationToken cancellationToken) => await session.WriteAsync(
        (connection, transaction) => connection.Execute("""
            INSERT INTO send_log (at, email, campaign, attempt, account, recipient, outcome, words, code, enhanced, took, worker)
            VALUES (@At, @Email, @Campaign, @Attempt, @Account, @Recipient, @Outcome, @Words, @Code, @Enhanced, @Took, @Worker)
            """, entries.Select(entry => new Row(entry)), transaction),
        cancellationToken);

    public ValueTask<IReadOnlyList<SendLogEntry>> ListAsync(SendLogFilter filter, int most, CancellationToken cancellationToken)
    {
        // Only what is asked for stands in the text, so that each question finds its index.
        List<string> conditions = [];
        if (filter.Email is not null) conditions.Add("email = @email");
        if (filter.Campaign is not null) conditions.Add("campaign = @campaign");
        if (filter.Account is not null) conditions.Add("account = @account");
        if (filter.Outcome is not null) conditions.Add("outcome = @outcome");
        if (filter.Before is not null) conditions.Add("number < @before");
        if (filter.After is not null) conditions.Add("number > @after");
        var where = conditions.Count == 0 ? "" : $"WHERE {string.Join(" AND ", conditions)}";
        var values = new { email = filter.Email?.ToString(), campaign = filter.Campaign?.ToString(), account = filter.Account, outcome = (long?)filter.Outcome, before = filter.Before, after = filter.After, most };
        return session.ReadAsync<IReadOnlyList<SendLogEntry>>(
            connection => [.. connection.Query<Row>($"""
                SELECT number AS Number, at AS At, email AS Email, campaign AS Campaign, attempt AS Attempt, account AS Account, recipient AS Recipient, outcome AS Outcome,
                  words AS Words, code AS Code, enhanced AS Enhanced, took AS Took, worker AS Worker
                FROM send_log {where} ORDER BY number DESC LIMIT @most
                """, values).Select(row => row.Entry())],
            cancellationToken);
    }

    public async ValueTask<int> PruneAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        // Rows come in the order of their numbers; so the old ones end where the first young one stands.
        var end = await session.ReadAsync(
            connection => connection.QuerySingleOrDefault<long?>("SELECT number FROM send_log WHERE at >= @before ORDER BY number LIMIT 1", new { before = SqlWords.Of(before) }) ?? long.MaxValue, cancellationToken);
        var gone = 0;
        int last;
        do
        {
            last = await session.WriteAsync(
                (connection, transaction) => connection.Execute(
                    "DELETE FROM send_log WHERE number IN (SELECT number FROM send_log WHERE number < @end ORDER BY number LIMIT @most)", new { end, most = PrunedAtOnce }, transaction),
                cancellationToken);
            gone += last;
        }
        while (last > 0);
        return gone;
    }

    private sealed class Row
    {
        public Row()
        {
        }

        public Row(SendLogEntry entry)
        {
            (At, Email, Campaign, Attempt, Account) = (SqlWords.Of(entry.At), entry.Email.ToString(), entry.Campaign?.ToString(), entry.Attempt, entry.Account);
            (Recipient, Outcome, Words, Code, Enhanced, Took) = (entry.Recipient, (long)entry.Outcome, entry.Words, entry.Code, entry.Enhanced, entry.Took.Ticks);
            Worker = entry.Worker;
        }

        public long Number { get; set; }

        public long At { get; set; }

        public string Email { get; set; } = "";

        public string? Campaign { get; set; }

        public long Attempt { get; set; }

        public string Account { get; set; } = "";

        public string Recipient { get; set; } = "";

        public long Outcome { get; set; }

        public string? Words { get; set; }

        public long? Code { get; set; }

        public string? Enhanced { get; set; }

        public long Took { get; set; }

        public string? Worker { get; set; }

        public SendLogEntry Entry() => new()
        {
            Number = Number,
            At = SqlWords.Instant(At),
            Email = EmailId.Parse(Email),
            Campaign = CampaignId.TryParse(Campaign, out var campaign) ? campaign : null,
            Attempt = (int)Attempt,
            Account = Account,
            Recipient = Recipient,
            Outcome = (EmailStatus)Outcome,
            Words = Words,
            Code = (int?)Code,
            Enhanced = Enhanced,
            Took = TimeSpan.FromTicks(Took),
            Worker = Worker,
        };
    }
}
