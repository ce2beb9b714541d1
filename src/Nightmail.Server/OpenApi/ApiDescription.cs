using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Nightmail.Core.Storage;
using Nightmail.Server.Api;

namespace Nightmail.Server.OpenApi;

/// <summary>Marks a route that answers with CSV where a caller accepts that.</summary>
internal sealed record AlsoCsv;

/// <summary>
/// <c>/openapi/v1.json</c>: what the framework finds out about the routes, brought into the form that callers meet, with words, examples
/// and errors.
/// </summary>
internal sealed class ApiDescription(IServiceProvider services, EndpointDataSource routes, ServerOptions options)
{
    private const string DocumentName = "v1";

    private readonly Lock gate = new();
    private Task<string>? writing;

    /// <summary>Maps it; nobody needs a key for it.</summary>
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet($"/openapi/{DocumentName}.json", async (ApiDescription description, CancellationToken cancellationToken) =>
        TypedResults.Text(await description.TextAsync(cancellationToken), "application/json")).Needs(KeyScopes.None).ExcludeFromDescription();

    /// <summary>The document. It is made when it is asked for first: a server that nobody asks starts sooner.</summary>
    public Task<string> TextAsync(CancellationToken cancellationToken)
    {
        lock (gate) return (writing ??= WriteAsync()).WaitAsync(cancellationToken);
    }

    private async Task<string> WriteAsync()
    {
        var found = await services.GetRequiredKeyedService<IOpenApiDocumentProvider>(DocumentName).GetOpenApiDocumentAsync(CancellationToken.None);
        var document = JsonNode.Parse(await found.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, CancellationToken.None))!.AsObject();
        var words = ApiWords.Read();
        DescribeServer(document, words);
        SchemaForms.Mend(document);
        foreach (var (path, item) in document["paths"]!.AsObject())
            foreach (var (method, operation) in item!.AsObject()) new OperationForm(document, words, Scope(operation!)).Mend(path, method, operation!.AsObject(), Endpoint(operation)?.Metadata);
        return document.ToJsonString();
    }

    private void DescribeServer(JsonObject document, ApiWords words)
    {
        document["info"] = new JsonObject
        {
            ["title"] = "Nightmail", ["version"] = options.Version.Length > 0 ? options.Version : "1.0.0", ["description"] = words.Description,
            ["contact"] = new JsonObject { ["name"] = "Nightmail contributors" }, ["license"] = new JsonObject { ["name"] = "MIT", ["identifier"] = "MIT" },
        };
        document["servers"] = new JsonArray(new JsonObject { ["url"] = "/", ["description"] = "This server." });
        document["tags"] = new JsonArray([.. document["tags"]!.AsArray().Select(tag => (string)tag!["name"]!).Order(StringComparer.Ordinal).Select(name => new JsonObject { ["name"] = name, ["description"] = words.Tag(name) })]);
        var components = document["components"]!.AsObject();
        components["securitySchemes"] = new JsonObject { ["key"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["description"] = "A key of this server." } };
        components["responses"] = words.Problems();
        components["schemas"]!["Problem"] = words.ProblemSchema();
    }

    private Endpoint? Endpoint(JsonNode? operation) =>
        routes.Endpoints.FirstOrDefault(endpoint => endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName == (string?)operation!["operationId"]);

    private KeyScopes Scope(JsonNode operation) => Endpoint(operation)?.Metadata.GetMetadata<Access.NeededScope>()?.Scope ?? KeyScopes.Admin;
}
