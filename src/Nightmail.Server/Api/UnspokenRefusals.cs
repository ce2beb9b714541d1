using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.WebUtilities;

namespace Nightmail.Server.Api;

/// <summary>What the framework refuses by a bare number, or by words about our types, as the caller gets to read it.</summary>
internal static class UnspokenRefusals
{
    /// <summary>The refusal of an answer that has a number and nothing else; null: it is none.</summary>
    public static ApiProblem? Of(HttpContext context)
    {
        var response = context.Response;
        if (response.HasStarted || response.StatusCode < StatusCodes.Status400BadRequest || response.ContentType is not null) return null;
        return response.StatusCode switch
        {
            StatusCodes.Status405MethodNotAllowed => new(response.StatusCode, "Method not allowed", $"this address takes {response.Headers.Allow}"),
            StatusCodes.Status415UnsupportedMediaType => new(response.StatusCode, "Unsupported media type", "the body is of another media type than this address takes; /openapi/v1.json names it"),
            StatusCodes.Status400BadRequest when NoNumber(context) is { } field => NotOfItsKind(field),
            var status => new(status, ReasonPhrases.GetReasonPhrase(status), "the request cannot be read"),
        };
    }

    /// <summary>A request that does not fit its route: a query or header that is no number, for one.</summary>
    public static ApiProblem Of(BadHttpRequestException broken)
    {
        // "Failed to bind parameter "Nullable<int> limit" from "abc"."
        if (!broken.Message.StartsWith("Failed to bind parameter", StringComparison.Ordinal) && !broken.Message.StartsWith("Required parameter", StringComparison.Ordinal))
            return new(broken.StatusCode, "Malformed request", broken.Message);
        var field = broken.Message.Split('"').ElementAtOrDefault(1)?.Split(' ')[^1];
        return broken.Message[0] == 'R' ? ApiProblem.Malformed($"'{field}' is missing", field) : NotOfItsKind(field);
    }

    private static ApiProblem NotOfItsKind(string? field) => ApiProblem.Malformed($"the value of '{field}' is not of the kind it must be", field);

    /// <summary>The value of the query that the route wants to be a number, and that is none, or more than one; null: there is none.</summary>
    private static string? NoNumber(HttpContext context) => context.GetEndpoint()?.Metadata.GetOrderedMetadata<IParameterBindingMetadata>()
        .Where(each => IsNumber(each.ParameterInfo.ParameterType) && context.Request.Query.TryGetValue(each.Name, out var value) && !(value.Count == 1 && Fits(each.ParameterInfo.ParameterType, value[0])))
        .Select(each => each.Name).FirstOrDefault();

    private static bool IsNumber(Type type) => (Nullable.GetUnderlyingType(type) ?? type) is var plain && (plain == typeof(int) || plain == typeof(long));

    private static bool Fits(Type type, string? value) => (Nullable.GetUnderlyingType(type) ?? type) == typeof(int) ? int.TryParse(value, out _) : long.TryParse(value, out _);
}
