using System.Reflection;
using System.Text.Json;
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
    public static async ValueTask<Body<T>?> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        if (!context.Request.HasJsonContentType()) throw new ApiProblem(StatusCodes.Status415UnsupportedMediaType, "Unsupported media type", "send JSON, with Content-Type: application/json");
        // By our own rules and not the framework's, which would pass over unknown fields.
        var shape = ApiJson.Default.GetTypeInfo(typeof(T)) ?? throw new InvalidOperationException($"{typeof(T).Name} has no JSON metadata");
        try
        {
            var read = await JsonSerializer.DeserializeAsync(context.Request.Body, shape, context.RequestAborted);
            return new((T)(read ?? throw ApiProblem.Malformed("the body is null; it must be an object")));
        }
        catch (JsonException broken)
        {
            throw ApiProblem.Malformed(Words(broken), FieldOf(broken));
        }
        catch (BadHttpRequestException broken)
        {
            throw new ApiProblem(broken.StatusCode, "Malformed request", broken.Message);
        }
    }

    /// <inheritdoc/>
    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) => builder.Metadata.Add(new AcceptsMetadata(["application/json"], typeof(T)));

    private static string Words(JsonException broken)
    {
        // The serializer's words name our types; what people need of them is the field.
        if (broken.Message.Contains("could not be mapped to any .NET member", StringComparison.Ordinal)) return $"there is no field '{FieldOf(broken)}' here";
        if (broken.Message.Contains("missing required properties", StringComparison.Ordinal)) return $"these fields are missing: {broken.Message[(broken.Message.LastIndexOf(':') + 1)..].Trim().TrimEnd('.')}";
        return FieldOf(broken) is { } field ? $"the value of '{field}' is not of the kind it must be" : $"the body is no JSON: line {broken.LineNumber + 1}, byte {broken.BytePositionInLine + 1}";
    }

    private static string? FieldOf(JsonException broken)
    {
        if (broken.Message.Contains("missing required properties", StringComparison.Ordinal)) return broken.Message[(broken.Message.LastIndexOf(':') + 1)..].Split(',')[0].Trim().Trim('\'', '.');
        var path = broken.Path?.TrimStart('$').TrimStart('.');
        if (!broken.Message.Contains("could not be mapped", StringComparison.Ordinal)) return string.IsNullOrEmpty(path) ? null : path;
        var quoted = broken.Message.Split('\'');
        return quoted.Length > 1 ? string.IsNullOrEmpty(path) || path == quoted[1] ? quoted[1] : path : path;
    }

    private sealed record AcceptsMetadata(IReadOnlyList<string> ContentTypes, Type RequestType) : IAcceptsMetadata
    {
        public bool IsOptional => false;
    }
}
