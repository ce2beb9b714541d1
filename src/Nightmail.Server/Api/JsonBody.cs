using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Nightmail.Server.Api;

/// <summary>Reads JSON from requests by our own rules and not the framework's, which would pass over unknown fields.</summary>
internal static class JsonBody
{
    /// <summary>What the body says.</summary>
    /// <exception cref="ApiProblem">It cannot be read; the field is named.</exception>
    public static async ValueTask<T> ReadAsync<T>(HttpContext context)
        where T : class
    {
        RequireJson(context);
        var shape = ApiJson.Default.GetTypeInfo(typeof(T)) as JsonTypeInfo<T> ?? throw new InvalidOperationException($"{typeof(T).Name} has no JSON metadata");
        try
        {
            return await JsonSerializer.DeserializeAsync(context.Request.Body, shape, context.RequestAborted) ?? throw ApiProblem.Malformed("the body is null; it must be an object");
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

    /// <summary>True when the body is an array. Nothing of it is read away.</summary>
    public static async ValueTask<bool> IsArrayAsync(HttpContext context)
    {
        RequireJson(context);
        var reader = context.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(context.RequestAborted);
            foreach (var segment in read.Buffer)
            {
                var start = segment.Span.TrimStart(" \t\r\n"u8);
                if (start.IsEmpty) continue;
                var isArray = start[0] == '[';
                reader.AdvanceTo(read.Buffer.Start);
                return isArray;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted) return false;
        }
    }

    private static void RequireJson(HttpContext context)
    {
        if (!context.Request.HasJsonContentType()) throw new ApiProblem(StatusCodes.Status415UnsupportedMediaType, "Unsupported media type", "send JSON, with Content-Type: application/json");
    }

    private static string Words(JsonException broken)
    {
        // The serializer's words name our types; what people need of them is the field.
        if (broken.Message.Contains("could not be mapped to any .NET member", StringComparison.Ordinal)) return $"there is no field '{FieldOf(broken)}' here";
        if (broken.Message.Contains("missing required properties", StringComparison.Ordinal)) return $"these fields are missing: {broken.Message[(broken.Message.LastIndexOf(':') + 1)..].Trim().TrimEnd('.')}";
        if (broken.Message.Contains("duplicate propert", StringComparison.OrdinalIgnoreCase)) return FieldOf(broken) is { } twice ? $"'{twice}', or a name in it, stands there twice" : "a name stands there twice";
        if (broken.Message.Contains("maximum configured depth", StringComparison.Ordinal)) return "it lies deeper than may be";
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
}
