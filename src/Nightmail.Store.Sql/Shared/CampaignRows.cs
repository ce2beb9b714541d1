using Dapper;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Storage;

namespace Nightmail.Store.Sql.Shared;

/// <summary>Campaigns.</summary>
internal sealed class CampaignRows(ISqlSession session) : ICampaignStore
{
    private const string Select = """
        SELECT id AS Id, name AS Name, subject AS Subject, template AS Template, template_version AS TemplateVersion, html AS Html, text AS Text, account AS Account, cc AS Cc, bcc AS Bcc,
          scheduled_for AS ScheduledFor, wish_local AS WishLocal, wish_zone AS WishZone, wish_rules AS WishRules, stance AS Stance, created_at AS CreatedAt,
          started_at AS StartedAt, completed_at AS CompletedAt, importing AS Importing, version AS Version
        FROM campaign
        """;

    public async ValueTask AddAsync(Campaign campaign, CancellationToken cancellationToken) => await session.WriteAsync(
        (connection, transaction) => connection.Execute("""
            INSERT INTO campaign (id, name, subject, template, template_version, html, text, account, cc, bcc, scheduled_for, wish_local, wish_zone, wish_rules,
              stance, created_at, started_at, completed_at, version)
            VALUES (@Id, @Name, @Subject, @Template, @TemplateVersion, @Html, @Text, @Account, @Cc, @Bcc, @ScheduledFor, @WishLocal, @WishZone, @WishRules,
              @Stance, @CreatedAt, @StartedAt, @CompletedAt, @Version)
            """, new Row(campaign), transaction),
        cancellationToken);

    public ValueTask<Campaign?> FindAsync(CampaignId id, CancellationToken cancellationToken) => session.ReadAsync(
        connection => connection.QuerySingleOrDefault<Row>($"{Select} WHERE id = @id", new { id = id.ToString() })?.Campaign(), cancellationToken);

    public ValueTask<IReadOnlyList<Campaign>> ListAsync(CampaignId? after, int most, CancellationToken cancellationToken) => session.ReadAsync<IReadOnlyList<Campaign>>(
        // Ids sort by creation.
        connection => [.. connection.Query<Row>($"{Select} WHERE @after IS NULL OR id < @after ORDER BY id DESC LIMIT @most", new { after = after?.ToString(), most }).Select(row => row.Campaign())],
        cancellationToken);

    public ValueTask<bool> UpdateAsync(Campaign campaign, CancellationToken cancellationToken) => session.WriteAsync(
        (connection, transaction) => connection.Execute("""
            UPDATE campaign SET name = @Name, subject = @Subject, template = @Template, template_version = @TemplateVersion, html = @Html, text = @Text, account = @Account,
              cc = @Cc, bcc = @Bcc, scheduled_for = @ScheduledFor, wish_local = @WishLocal, wish_zone = @WishZone, wish_rules = @WishRules, stance = @Stance,
              started_at = @StartedAt, completed_at = @CompletedAt, version = @Version
            WHERE id = @Id AND version = @Version - 1 AND (importing = 0 OR @Stance <> 1)
            """, new Row(campaign), transaction) == 1,
        cancellationToken);

    public ValueTask<bool> MarkImportAsync(CampaignId id, bool importing, CancellationToken cancellationToken) => session.WriteAsync(
        (connection, transaction) => connection.Execute("UPDATE campaign SET importing = @importing WHERE id = @id AND stance = 0", new { id = id.ToString(), importing = importing ? 1 : 0 }, transaction) == 1, cancellationToken);

    public ValueTask<bool> RemoveAsync(CampaignId id, CancellationToken cancellationToken) => session.WriteAsync(
        (connection, transaction) => connection.Execute("DELETE FROM campaign WHERE id = @id", new { id = id.ToString() }, transaction) == 1, cancellationToken);

    private sealed class Row
    {
        public Row()
        {
        }

        public Row(Campaign campaign)
        {
            (Id, Name, Subject, Html, Text, Account) = (campaign.Id.ToString(), campaign.Name, campaign.Subject, campaign.Html, campaign.Text, campaign.Account);
            (Template, TemplateVersion) = (campaign.Template?.ToString(), campaign.TemplateVersion);
            (Cc, Bcc) = (SqlWords.Of(campaign.Cc), SqlWords.Of(campaign.Bcc));
            (ScheduledFor, WishLocal, WishZone, WishRules) = (SqlWords.Of(campaign.ScheduledFor), campaign.Wish?.Local, campaign.Wish?.TimeZone, campaign.Wish?.RulesVersion);
            (Stance, Version) = ((long)campaign.Stance, campaign.Version);
            (CreatedAt, StartedAt, CompletedAt) = (SqlWords.Of(campaign.CreatedAt), SqlWords.Of(campaign.StartedAt), SqlWords.Of(campaign.CompletedAt));
        }

        public string Id { get; set; } = "";

        public string Name { get; set; } = "";

        public string? Subject { get; set; }

        public string? Template { get; set; }

        public long? TemplateVersion { get; set; }

        public string? Html { get; set; }

        public string? Text { get; set; }

        public string? Account { get; set; }

        public string Cc { get; set; } = "";

        public string Bcc { get; set; } = "";

        public long? ScheduledFor { get; set; }

        public string? WishLocal { get; set; }

        public string? WishZone { get; set; }

        public string? WishRules { get; set; }

        public long Stance { get; set; }

        public long CreatedAt { get; set; }

        public long? StartedAt { get; set; }

        public long? CompletedAt { get; set; }

        public long Importing { get; set; }

        public long Version { get; set; }

        public Campaign Campaign() => new()
        {
            Id = CampaignId.TryParse(Id, out var id) ? id : default,
            Name = Name,
            Subject = Subject,
            Template = TemplateId.TryParse(Template, out var template) ? template : null,
            TemplateVersion = (int?)TemplateVersion,
            Html = Html,
            Text = Text,
            Account = Account,
            Cc = SqlWords.List(Cc),
            Bcc = SqlWords.List(Bcc),
            ScheduledFor = SqlWords.Instant(ScheduledFor),
            Wish = WishLocal is null ? null : new(WishLocal, WishZone ?? "UTC", WishRules ?? "", SqlWords.Instant(ScheduledFor)),
            Stance = (CampaignStance)Stance,
            CreatedAt = SqlWords.Instant(CreatedAt),
            StartedAt = SqlWords.Instant(StartedAt),
            CompletedAt = SqlWords.Instant(CompletedAt),
            IsImporting = Importing != 0,
            Version = (int)Version,
        };
    }
}
