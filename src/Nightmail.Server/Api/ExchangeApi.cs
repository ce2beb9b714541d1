using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Server.Events;
using Nightmail.Server.Repeats;

namespace Nightmail.Server.Api;

/// <summary><c>/api/emails/export</c> and <c>/import</c>: single emails on their way from one store into another, in the form of the queue file.</summary>
internal static class ExchangeApi
{
    /// <summary>A page ends behind so many bytes: bodies are long, and all of a page is in memory.</summary>
    private const int PageBytes = 4 * 1024 * 1024;

    /// <summary>So many are read at once.</summary>
    private const int PageEmails = 100;

    /// <summary>Emails in one request: a transaction of a few milliseconds.</summary>
    private const int MostAtOnce = 1000;

    public static void MapExchange(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/emails").WithTags("emails");
        group.MapGet("/export", ExportAsync).Needs(KeyScopes.Read).WithName("exportEmails");
        group.MapPost("/import", ImportAsync).Needs(KeyScopes.Admin).WithName("importEmails").MakesOnce();
    }

    private static async Task<Ok<Page<JsonElement>>> ExportAsync(string? cursor, ServerParts parts, CancellationToken cancellationToken)
    {
        var found = await parts.Emails.ExportPageAsync(cursor is null ? null : Place(cursor), PageEmails, cancellationToken);
        List<JsonElement> page = [];
        for (var bytes = 0; page.Count < found.Count && bytes < PageBytes;)
        {
            var json = Json(parts.Form, found[page.Count]);
            bytes += json.Length;
            using var document = JsonDocument.Parse(json);
            page.Add(document.RootElement.Clone());
        }

        // A last page may be full: then an empty one follows.
        return TypedResults.Ok(new Page<JsonElement>(page, page.Count < found.Count || found.Count == PageEmails ? found[page.Count - 1].Id.ToString() : null));
    }

    private static async Task<Ok<ImportAnswer>> ImportAsync(Body<ImportRequest> body, ServerParts parts, EngineReporter reporter, CancellationToken cancellationToken)
    {
        var worded = body.Value.Emails;
        if (worded.Count is 0 or > MostAtOnce) throw ApiProblem.Invalid("emails", $"there are {worded.Count}; a request holds 1 to {MostAtOnce}");
        List<ImportedEmail> emails = [];
        for (var index = 0; index < worded.Count; index++) emails.Add(Read(parts.Form, worded[index], index));
        List<ImportResult> results = [];
        // A request that is broken off in between is sent again: what was taken by then exists.
        foreach (var slice in Slices.Of(emails, each => (each.Email.Content.Text?.Length ?? 0) + (each.Email.Content.Html?.Length ?? 0)))
            results.AddRange(await parts.Emails.ImportAsync(slice, cancellationToken));
        foreach (var imported in results.OfType<ImportResult.Imported>()) reporter.Email(imported.Email);
        return TypedResults.Ok(new ImportAnswer([.. results.Select(Shape)]));
    }

    private static EmailId Place(string cursor) => EmailId.TryParse(cursor, out var id) ? id : throw ApiProblem.Invalid("cursor", "it is the 'next' of the page before");

    /// <summary>Letters as they are, as in an export's file: escaped, a long text would be several times as long.</summary>
    private static readonly JsonWriterOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static byte[] Json(IEmailForm form, ScheduledEmail email)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Plain)) form.Write(json, new(email));
        return buffer.WrittenSpan.ToArray();
    }

    private static ImportedEmail Read(IEmailForm form, JsonElement email, int index)
    {
        try
        {
            return form.Read(Encoding.UTF8.GetBytes(email.GetRawText()));
        }
        catch (FormatException broken)
        {
            throw ApiProblem.Invalid($"emails[{index}]", Printable.OneLine(broken.Message));
        }
    }

    private static ImportedShape Shape(ImportResult result) => result switch
    {
        ImportResult.Imported { Email: var email } => new(email.Id.ToString(), "imported") { Status = email.Status.Name(), Error = Settlement.IsHeld(email) ? email.LastError : null },
        ImportResult.Exists { Id: var id } => new(id.ToString(), "exists"),
        ImportResult.KeyTaken { Id: var id, Other: var other } => new(id.ToString(), "keyTaken") { By = other.ToString() },
        ImportResult.NotTaken { Id: var id, Why: var why } => new(id.ToString(), "notTaken") { Error = why },
        _ => throw new InvalidOperationException($"unknown result {result.GetType().Name}"),
    };
}

/// <summary>Emails of another store.</summary>
public sealed record ImportRequest
{
    /// <summary>Each as the queue file has it; the bytes that they refer to were uploaded before.</summary>
    public required IReadOnlyList<JsonElement> Emails { get; init; }
}

/// <summary>What became of them, in their order.</summary>
public sealed record ImportAnswer(IReadOnlyList<ImportedShape> Results);

/// <summary>What became of one: <c>imported</c>, <c>exists</c>, <c>keyTaken</c>, <c>notTaken</c>.</summary>
public sealed record ImportedShape(string Id, string Result)
{
    /// <summary>The status that it has here, where it was imported.</summary>
    public string? Status { get; init; }

    /// <summary>Why it is held, or was not taken.</summary>
    public string? Error { get; init; }

    /// <summary>The email that its idempotency key has made here.</summary>
    public string? By { get; init; }
}
