using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Server.Accounts;

namespace Nightmail.Server.Api;

/// <summary><c>PUT /api/emails/{id}/content</c>: gives an email other words, recipients and files, all at once.</summary>
internal static class EmailContentApi
{
    public static void MapEmailContent(this IEndpointRouteBuilder routes) =>
        routes.MapPut("/api/emails/{id}/content", SaveAsync).Needs(KeyScopes.Send).WithName("saveEmailContent").WithTags("emails").WithSummary("Gives an email other content, as a whole; who has it already does not get it again.");

    private static async Task<Ok<EmailAnswer>> SaveAsync(
        string id, Body<ContentShape> body, [FromHeader(Name = "If-Match")] string? ifMatch, HttpResponse response, ServerParts parts, AccountBook book, EmailDesk desk, TimeProvider time, CancellationToken cancellationToken)
    {
        var email = await desk.FindAsync(id, cancellationToken);
        EmailDesk.RequireOwnWords(email);
        var content = body.Value.Read(parts.Blobs);
        var asked = new ScheduleRequest { Content = content, ScheduledFor = email.ScheduledFor, Account = email.Account, NotAfter = email.NotAfter, MessageId = email.MessageId };
        if (new Scheduler(parts.Emails, time, await book.ReadyAsync(cancellationToken)).Check(asked) is { } wrong) throw ApiProblem.Invalid(wrong.Field, wrong.Error);
        return await desk.ChangeAsync(id, new EmailChange.Edit(content) { Seen = Paging.SeenLedger(ifMatch) }, response, cancellationToken);
    }
}
