using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Nightmail.Server.Api;

/// <summary>A request that cannot be done, as the caller gets to read it (RFC 9457): it ends the request.</summary>
internal sealed class ApiProblem(int status, string title, string detail, string? inField = null) : Exception(detail)
{
    /// <summary>The status code.</summary>
    public int Status => status;

    /// <summary>The field that is wrong; null: none is named.</summary>
    public string? Field => inField;

    /// <summary>True when the request itself is refused; false when the server could not do it and may do it later.</summary>
    public bool IsRefusal => status < StatusCodes.Status500InternalServerError;

    /// <summary>The answer.</summary>
    public ProblemHttpResult Result => TypedResults.Problem(Message, title: title, statusCode: status, type: "about:blank",
        extensions: inField is null ? null : new Dictionary<string, object?>(StringComparer.Ordinal) { ["field"] = inField });

    /// <summary>400: the body is not what the route takes.</summary>
    public static ApiProblem Malformed(string detail, string? field = null) => new(StatusCodes.Status400BadRequest, "Malformed request", detail, field);

    /// <summary>422: it can be read, and a field in it cannot be taken.</summary>
    public static ApiProblem Invalid(string field, string detail) => new(StatusCodes.Status422UnprocessableEntity, "Invalid value", detail, field);

    /// <summary>404.</summary>
    public static ApiProblem NotFound(string what, string id) => new(StatusCodes.Status404NotFound, "Not found", $"there is no {what} '{id}'");

    /// <summary>409: the state it is in refuses it.</summary>
    public static ApiProblem Conflict(string detail) => new(StatusCodes.Status409Conflict, "Refused by its state", detail);

    /// <summary>412: somebody else changed it since.</summary>
    public static ApiProblem Outdated() => new(StatusCodes.Status412PreconditionFailed, "Changed meanwhile", "it was changed since you read it: read it again");
}
