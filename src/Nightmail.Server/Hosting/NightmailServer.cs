using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Delivery;
using Nightmail.Core.Storage;
using Nightmail.Server.Accounts;
using Nightmail.Server.Api;
using Nightmail.Server.Campaigns;
using Nightmail.Server.Csv;
using Nightmail.Server.Events;
using Nightmail.Server.Health;
using Nightmail.Server.Maintenance;
using Nightmail.Server.OpenApi;
using Nightmail.Server.Repeats;
using Nightmail.Server.Security;
using Nightmail.Server.Settings;
using Nightmail.Server.Templates;
using Nightmail.Server.Workers;

namespace Nightmail.Server.Hosting;

/// <summary>The server: API and worker in one process.</summary>
public sealed class NightmailServer : IAsyncDisposable
{
    /// <summary>A request without recipients: far more than any template needs.</summary>
    private const long MostRequestBytes = 30_000_000;

    private readonly WebApplication app;

    private NightmailServer(WebApplication app) => this.app = app;

    /// <summary>The addresses that it listens on.</summary>
    public IReadOnlyList<string> Urls => [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];

    /// <summary>Starts it; it answers when this returns.</summary>
    /// <exception cref="ServerRefusedException">It may not or cannot listen there.</exception>
    public static async Task<NightmailServer> StartAsync(ServerParts parts, ServerOptions options, CancellationToken cancellationToken)
    {
        RequireSafeAddresses(options);
        Upload.RemoveLeftovers(options.Folder);
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = options.Folder });
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MostRequestBytes;
        });
        builder.WebHost.UseUrls([.. options.Urls]);
        AddServices(builder.Services, parts, options);
        var app = builder.Build();
        app.Use(Guard);
        app.UseRouting();
        app.Use(CheckKey);
        app.Use(app.Services.GetRequiredService<LargeBodies>().RunAsync);
        app.Use(app.Services.GetRequiredService<RepeatGuard>().RunAsync);
        Map(app, parts);
        var isNew = await MakeFirstKeyAsync(app.Services, options, cancellationToken);
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (IOException taken)
        {
            await app.DisposeAsync();
            throw new ServerRefusedException($"cannot listen on {string.Join(", ", options.Urls)}: {taken.Message.Split('.')[0]}; name another address with --urls");
        }

        var server = new NightmailServer(app);
        if (isNew) Greet(app.Services, options, server.Urls[0]);
        return server;
    }

    /// <summary>Cancelled when it begins to end, also where nobody told it to.</summary>
    public CancellationToken Ending => app.Lifetime.ApplicationStopping;

    /// <summary>Ends it in order: takes no more requests, finishes what is on its way, gives claims back.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => app.StopAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => app.DisposeAsync();

    private static void AddServices(IServiceCollection services, ServerParts parts, ServerOptions options)
    {
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default));
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.Configure<HostOptions>(host => host.ShutdownTimeout = WorkerService.FinishLimit + TimeSpan.FromSeconds(5));
        services.AddOpenApi("v1", openApi => openApi.OpenApiVersion = Microsoft.OpenApi.OpenApiSpecVersion.OpenApi3_1);
        services.AddSingleton(parts).AddSingleton(options).AddSingleton(parts.Time).AddSingleton(parts.Emails).AddSingleton(parts.CampaignEmails).AddSingleton(parts.Accounts).AddSingleton(parts.Keys)
            .AddSingleton(parts.Templates).AddSingleton(parts.Campaigns).AddSingleton(parts.SendLog).AddSingleton(parts.RequestKeys);
        services.AddSingleton(SecretBox.Open(options.Folder)).AddSingleton<ApiKeys>().AddSingleton<FailureBrake>().AddSingleton(new SessionGeneration(parts.Settings)).AddSingleton<SessionCookie>().AddSingleton(provider => new LoginLinks(options.Folder, parts.Time)).AddSingleton<AccountBook>().AddSingleton<SettingsBook>().AddSingleton<LargeBodies>().AddSingleton<RepeatGuard>().AddSingleton<ITemplateRenderer, HandlebarsRenderer>()
            .AddSingleton<EventFeed>().AddSingleton<ServerMeters>().AddSingleton<MetricsPage>().AddSingleton<SendLogWriter>().AddSingleton<EngineReporter>()
            .AddSingleton<CampaignGates>().AddSingleton<CampaignDesk>().AddSingleton<RecipientCheck>().AddSingleton<CampaignWatch>().AddSingleton<CampaignTimes>().AddSingleton<PlanDesk>().AddSingleton<CampaignPace>().AddSingleton<EmailDesk>()
            .AddSingleton<IMessageComposer>(provider => new CampaignComposer(parts.Composer, parts.Campaigns, parts.Templates, provider.GetRequiredService<ITemplateRenderer>()));
        services.AddSingleton(new SuppressionList(parts.Suppressions)).AddSingleton<ISuppressionStore>(provider => provider.GetRequiredService<SuppressionList>()).AddSingleton<ApiDescription>();
        AddWork(services, parts);
        // Signals are heard by whoever runs it, not by the host: so an end that comes from here is one that nobody asked for.
        services.AddSingleton<IHostLifetime, NoLifetime>();
        // In this order they start; in the other they end: the log is the last to close.
        services.AddHostedService(provider => provider.GetRequiredService<SendLogWriter>());
        services.AddHostedService<GateFollower>();
        if (options.Sends) services.AddHostedService<WorkerService>();
        if (parts.Work is not null) services.AddHostedService(provider => provider.GetRequiredService<WorkRunner>());
    }

    private static void AddWork(IServiceCollection services, ServerParts parts)
    {
        services.AddSingleton<ServerHealth>();
        if (parts.Work is not { } work) return;
        services.AddSingleton(work).AddSingleton<WorkDesk>().AddSingleton<WorkRunner>().AddSingleton<IWork, EmailPruneWork>().AddSingleton<IWork, HealthWork>();
        if (parts.LogRetention is { } log) services.AddSingleton(log).AddSingleton<IWork, LogPruneWork>();
        if (parts.Backups is { } backups) services.AddSingleton(backups).AddSingleton<BackupDesk>().AddSingleton<IWork, BackupWork>();
    }

    private static void Map(WebApplication app, ServerParts parts)
    {
        ApiDescription.Map(app);
        app.MapSend();
        app.MapEmails();
        app.MapExchange();
        app.MapEmailContent();
        app.MapBlobs();
        app.MapStandings();
        app.MapCampaigns();
        app.MapCampaignTrials();
        app.MapRecipients();
        app.MapAccounts();
        app.MapCircuits();
        app.MapTemplates();
        app.MapSuppressions();
        app.MapLogs();
        app.MapKeys();
        app.MapLogin();
        app.MapSettings();
        app.MapSystem();
        if (parts.Work is not null) app.MapWork();
        if (parts is { Work: not null, Backups: not null }) app.MapBackups();
        // So that the listener hears every measurement from the first on.
        _ = app.Services.GetRequiredService<MetricsPage>();
    }

    /// <summary>Turns what ends a request into an answer.</summary>
    private static async Task Guard(HttpContext context, RequestDelegate next)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.CacheControl = "no-store";
        try
        {
            RequirePlain(context.Request);
            await next(context);
            if (UnspokenRefusals.Of(context) is { } unspoken) await unspoken.Result.ExecuteAsync(context);
        }
        catch (ApiProblem problem) when (!context.Response.HasStarted)
        {
            await problem.Result.ExecuteAsync(context);
        }
        catch (BadHttpRequestException broken) when (!context.Response.HasStarted)
        {
            await UnspokenRefusals.Of(broken).Result.ExecuteAsync(context);
        }
        catch (StoreException trouble) when (!context.Response.HasStarted)
        {
            await new ApiProblem(StatusCodes.Status503ServiceUnavailable, "The store cannot do it now", trouble.Message).Result.ExecuteAsync(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Whoever asked has left.
        }
        catch (Exception fault) when (!context.Response.HasStarted)
        {
            // Its message may hold what was asked; where it happened is enough to find it.
            var place = new System.Diagnostics.StackTrace(fault).GetFrame(0)?.GetMethod() is { } method ? $" in {method.DeclaringType?.Name}.{method.Name}" : "";
            context.RequestServices.GetRequiredService<ServerOptions>().Say($"fault of ours at {context.Request.Method} {context.GetEndpoint()?.DisplayName}: {fault.GetType().Name}{place}; please report it");
            await new ApiProblem(StatusCodes.Status500InternalServerError, "Fault of ours", $"{fault.GetType().Name}{place}; please report it").Result.ExecuteAsync(context);
        }
    }

    /// <summary>Bodies come as they are: what is packed is read as what it is not, or is larger than it says.</summary>
    private static void RequirePlain(HttpRequest request)
    {
        if (request.Headers.ContentEncoding.ToString() is not ("" or "identity"))
            throw new ApiProblem(StatusCodes.Status415UnsupportedMediaType, "Unsupported encoding", "send the body as it is, without Content-Encoding", "Content-Encoding");
    }

    private static async Task CheckKey(HttpContext context, RequestDelegate next)
    {
        if (context.GetEndpoint() is null) throw new ApiProblem(StatusCodes.Status404NotFound, "Not found", "there is nothing at this address; /openapi/v1.json lists what there is");
        await Access.CheckAsync(context, context.RequestServices.GetRequiredService<ApiKeys>());
        await next(context);
    }

    /// <summary>On the first start makes a key for whoever started it.</summary>
    /// <returns>True on the first start.</returns>
    private static async Task<bool> MakeFirstKeyAsync(IServiceProvider services, ServerOptions options, CancellationToken cancellationToken)
    {
        var keys = services.GetRequiredService<ApiKeys>();
        if ((await keys.ListAsync(cancellationToken)).Count > 0) return false;
        var (_, key) = await keys.CreateAsync(KeyId.New(services.GetRequiredService<TimeProvider>()), "first", KeyScopes.Admin | KeyScopes.Read | KeyScopes.Send, cancellationToken);
        var path = Path.Combine(options.Folder, "api-key");
        PrivateFile.Write(path, Encoding.UTF8.GetBytes(key + "\n"));
        options.Say($"api key (kept in {path}): {key}");
        return true;
    }

    /// <summary>Tells whoever started it how to go on: in a shell, and in a browser.</summary>
    private static void Greet(IServiceProvider services, ServerOptions options, string url)
    {
        var (token, _) = services.GetRequiredService<LoginLinks>().Create(LoginLinks.FirstLifetime);
        options.Say($"for a shell: export NIGHTMAIL_SERVER={url} NIGHTMAIL_API_KEY_FILE={Path.Combine(options.Folder, "api-key")}");
        options.Say($"for a browser, once, within 24 hours: {url}/login/{token}");
    }

    /// <summary>Keys and mails must not cross a network in the clear.</summary>
    private static void RequireSafeAddresses(ServerOptions options)
    {
        foreach (var url in options.Urls)
        {
            if (!Uri.TryCreate(url.Replace("//*", "//0.0.0.0", StringComparison.Ordinal).Replace("//+", "//0.0.0.0", StringComparison.Ordinal), UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
                throw new ServerRefusedException($"'{Printable.OneLine(url)}' is no address to listen on; write for example {ServerOptions.DefaultUrl}");
            var local = address.Host is "localhost" || (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));
            if (!local && address.Scheme == "http" && !options.BehindProxy)
                throw new ServerRefusedException($"{Printable.OneLine(url)} is not on this machine alone and has no TLS: keys and emails would cross the network in the clear. Listen on {ServerOptions.DefaultUrl}, or say --behind-proxy when a proxy in front of it speaks TLS");
        }
    }
}

/// <summary>A server that does not start; the message is one line: why, and what to do.</summary>
public sealed class ServerRefusedException(string message) : Exception(message);
