using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Server.Api;

/// <summary>What requests have in common: pages, ids, versions.</summary>
internal static class Paging
{
    private const int Usual = 100;
    private const int Most = 1000;

    /// <summary>How many a page holds.</summary>
    public static int Size(int? limit) => limit is null ? Usual : limit is >= 1 and <= Most ? limit.Value : throw ApiProblem.Invalid("limit", $"{limit} is not between 1 and {Most}");

    /// <summary>A page of what was asked for with one more than it holds, which tells whether there is a next one.</summary>
    public static Page<TShape> Of<T, TShape>(IReadOnlyList<T> found, int size, Func<T, TShape> shape, Func<T, string> cursor) =>
        new([.. found.Take(size).Select(shape)], found.Count > size ? cursor(found[size - 1]) : null);

    /// <summary>A page of a list that is whole in memory because it is short.</summary>
    public static Page<T> Within<T>(IReadOnlyList<T> all, int? limit, string? cursor, Func<T, string> cursorOf)
    {
        var size = Size(limit);
        var start = cursor is null ? 0 : 1 + all.Select(cursorOf).ToList().IndexOf(cursor);
        if (cursor is not null && start == 0) throw ApiProblem.Invalid("cursor", "it is the 'next' of the page before, or what it names is gone: begin again");
        return Of([.. all.Skip(start).Take(size + 1)], size, each => each, cursorOf);
    }

    /// <summary>A cursor that is a number; null: the first page.</summary>
    public static long? Number(string? cursor) => cursor is null ? null : long.TryParse(cursor, out var number) ? number : throw NoCursor();

    /// <summary>Where a page of emails ended, as text.</summary>
    public static string Cursor(EmailPlace place) => $"{place.Due.UtcTicks}-{place.Id}";

    /// <summary>The place that <see cref="Cursor"/> wrote.</summary>
    public static EmailPlace Place(string cursor) =>
        cursor.Split('-', 2) is [var ticks, var id] && long.TryParse(ticks, out var due) && due is >= 0 and <= 3_155_378_975_999_999_999 && EmailId.TryParse(id, out var email)
            ? new(new(due, TimeSpan.Zero), email) : throw NoCursor();

    /// <summary>A cursor that is the id of the last campaign of the page before; null: the first page.</summary>
    public static CampaignId? CampaignCursor(string? cursor) => cursor is null ? null : CampaignId.TryParse(cursor, out var read) ? read : throw NoCursor();

    /// <summary>A cursor that is the id of the last email of the page before; null: the first page.</summary>
    public static EmailId? EmailCursor(string? cursor) => cursor is null ? null : EmailId.TryParse(cursor, out var read) ? read : throw NoCursor();

    /// <summary>An email's id.</summary>
    public static EmailId Email(string id) => EmailId.TryParse(id, out var read) ? read : throw ApiProblem.NotFound("email", Printable.OneLine(id));

    /// <summary>A campaign's id.</summary>
    public static CampaignId Campaign(string id) => CampaignId.TryParse(id, out var read) ? read : throw ApiProblem.NotFound("campaign", Printable.OneLine(id));

    /// <summary>A template's id.</summary>
    public static TemplateId Template(string id) => TemplateId.TryParse(id, out var read) ? read : throw ApiProblem.NotFound("template", Printable.OneLine(id));

    /// <summary>The version that If-Match names; without one, the present.</summary>
    public static int Seen(string? ifMatch, int present) =>
        ifMatch is null ? present : int.TryParse(ifMatch.Trim('"'), out var seen) ? seen : throw ApiProblem.Invalid("If-Match", "it is the ETag that a GET gave");

    /// <summary>The state of an email that If-Match names; null: any.</summary>
    public static long? SeenLedger(string? ifMatch) => ifMatch is null ? null : long.TryParse(ifMatch.Trim('"'), out var seen) ? seen : throw ApiProblem.Invalid("If-Match", "it is the ETag that a GET gave");

    private static ApiProblem NoCursor() => ApiProblem.Invalid("cursor", "it is the 'next' of the page before");
}
