using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace Nightmail.Server.Api;

/// <summary>The JSON body of a request. What is wrong with it is told with the name of the field; unknown fields are refused.</summary>
internal sealed class Body<T>(T value) : IEndpointParameterMetadataProvider
    where T : class
{
    /// <summary>What it says.</summary>
    public T Value => value;

    /// <summary>Reads it.</summary>
    /// <exception cref="ApiProblem">It cannot be read.</exception>
    public static async ValueTask<Body<T>?> BindAsync(HttpContext context, ParameterInfo parameter) => new(await JsonBody.ReadAsync<T>(context));

    /// <inheritdoc/>
    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) => builder.Metadata.Add(new JsonAccepted(typeof(T)));
}

/// <summary>Says that a route takes JSON of this kind.</summary>
internal sealed record JsonAccepted(Type RequestType) : IAcceptsMetadata
{
    /// <inheritdoc/>
    public IReadOnlyList<string> ContentTypes { get; } = ["application/json"];

    /// <inheritdoc/>
    public bool IsOptional => false;
}
