using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace Nightmail.Server.Api;

/// <summary>The body of <c>POST /api/emails</c>: one email or an array of them.</summary>
/// <param name="One">The one; null: it is an array.</param>
/// <param name="Many">The emails of the array.</param>
internal sealed record EmailsBody(EmailRequest? One, IReadOnlyList<EmailRequest> Many) : IEndpointParameterMetadataProvider
{
    /// <summary>Reads it.</summary>
    /// <exception cref="ApiProblem">It cannot be read.</exception>
    public static async ValueTask<EmailsBody?> BindAsync(HttpContext context, ParameterInfo parameter) => await JsonBody.IsArrayAsync(context)
        ? new(null, await JsonBody.ReadAsync<IReadOnlyList<EmailRequest>>(context))
        : new(await JsonBody.ReadAsync<EmailRequest>(context), []);

    /// <inheritdoc/>
    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) => builder.Metadata.Add(new JsonAccepted(typeof(EmailRequest)));
}
