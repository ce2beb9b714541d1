using System.Globalization;
using System.Text.RegularExpressions;
using Nightmail.Testing.Smtp;

namespace Nightmail.Tests.Server.Routes;

/// <summary>Makes the things that the rows of routes name in braces, a new one each time.</summary>
internal sealed partial class Things(ServerWorld world, AiosmtpdSink sink)
{
    private int made;
    private string last = "";

    /// <summary>The text with what its words in braces stand for.</summary>
    public async Task<string> FillAsync(string text)
    {
        foreach (var word in Words().Matches(text).Select(match => match.Groups["word"].Value).ToList())
            text = text.Replace($"{{{word}}}", await MakeAsync(word), StringComparison.Ordinal);
        return text;
    }

    private async Task<string> MakeAsync(string word) => word switch
    {
        "new" => $"new{++made}",
        "draft" => await CampaignAsync("""{"name":"c","subject":"s","text":"t"}"""),
        "scheduled" => await ActAsync("campaigns", await MakeAsync("draft"), "schedule", """{"scheduledFor":"2099-01-01T00:00:00Z"}"""),
        "paused" => await ActAsync("campaigns", await MakeAsync("scheduled"), "pause"),
        "cancelled" => await ActAsync("campaigns", await MakeAsync("scheduled"), "cancel"),
        "orphan" => await OrphanAsync(),
        "failed" => await FailedCampaignAsync(),
        "pendingEmail" => await EmailAsync("a@example.org", "2099-01-01T00:00:00Z"),
        "exportedEmail" => await ExportedAsync(),
        "pausedEmail" => await ActAsync("emails", await MakeAsync("pendingEmail"), "pause"),
        "cancelledEmail" => await ActAsync("emails", await MakeAsync("pendingEmail"), "cancel"),
        "sentEmail" => await SettledAsync("a@example.org", "sent"),
        "failedEmail" => await SettledAsync("refused@example.org", "failed"),
        "doubtfulEmail" => await DoubtfulAsync(),
        "template" => (await TemplateAsync()).Id,
        "templateName" => (await TemplateAsync()).Name,
        "account" => last = await AccountAsync(),
        "sameAccount" => last,
        "accountNames" => string.Join(',', (await world.GetAsync("/api/accounts?limit=1000")).Body!["items"]!.AsArray().Select(each => $"\"{each!["name"]}\"")),
        "failing" => await FailingAsync(),
        "key" => (string)(await MadeAsync("/api/keys", """{"name":"k","scopes":["read"]}"""))["id"]!,
        "suppressed" => (string)(await MadeAsync("/api/suppressions", $$"""{"target":"s{{++made}}@example.net"}"""))["target"]!,
        "blob" => await BlobAsync(),
        "backup" => (string)(await MadeAsync("/api/backups", ""))["filename"]!,
        _ => throw new ArgumentException($"nobody knows how to make a {word}", nameof(word)),
    };

    private async Task<System.Text.Json.Nodes.JsonNode> MadeAsync(string path, string body)
    {
        var answer = await world.PostAsync(path, body);
        return answer.Status is >= 200 and < 300 ? answer.Body! : throw new InvalidOperationException($"{path} answered {answer.Status}: {answer.Body?.ToJsonString()}");
    }

    private async Task<string> ActAsync(string noun, string id, string act, string body = "")
    {
        await MadeAsync($"/api/{noun}/{id}/{act}", body);
        return id;
    }

    private async Task<string> CampaignAsync(string body)
    {
        var id = (string)(await MadeAsync("/api/campaigns", body))["id"]!;
        await world.AskAsync(HttpMethod.Post, $"/api/campaigns/{id}/recipients", "email\na@example.org\n", contentType: "text/csv");
        return id;
    }

    private async Task<string> BlobAsync()
    {
        var kept = (await world.AskAsync(HttpMethod.Post, "/api/blobs", $"bytes {++made}", contentType: "application/octet-stream")).Body!;
        return $"{kept["sha256"]}?size={kept["size"]}";
    }

    private async Task<(string Id, string Name)> TemplateAsync()
    {
        var answer = await MadeAsync("/api/templates", $$"""{"name":"t{{++made}}","subject":"s","text":"t"}""");
        return ((string)answer["id"]!, (string)answer["name"]!);
    }

    /// <summary>A draft whose template is gone.</summary>
    private async Task<string> OrphanAsync()
    {
        var (template, _) = await TemplateAsync();
        var id = await CampaignAsync($$"""{"name":"c","templateId":"{{template}}"}""");
        await world.AskAsync(HttpMethod.Delete, $"/api/templates/{template}");
        return id;
    }

    private async Task<string> FailedCampaignAsync()
    {
        var id = (string)(await MadeAsync("/api/send", """{"subject":"s","text":"t","recipients":["refused@example.org"]}"""))["campaignId"]!;
        await world.WaitForStatusAsync(id, "failed");
        return id;
    }

    private async Task<string> EmailAsync(string to, string at) => (string)(await MadeAsync("/api/emails", $$"""{"to":["{{to}}"],"subject":"s","text":"t","scheduledFor":"{{at}}"}"""))["id"]!;

    /// <summary>An email as an export has it.</summary>
    private async Task<string> ExportedAsync()
    {
        await MakeAsync("pendingEmail");
        return (await world.GetAsync("/api/emails/export")).Body!["items"]!.AsArray().First(each => (string?)each!["status"] == "pending")!.ToJsonString();
    }

    private async Task<string> SettledAsync(string to, string status)
    {
        var id = await EmailAsync(to, TimeProvider.System.GetUtcNow().ToString("O", CultureInfo.InvariantCulture));
        await Eventually.HoldsAsync(async () => (string?)(await world.GetAsync($"/api/emails/{id}")).Body!["status"] == status, $"an email to be {status}");
        return id;
    }

    private async Task<string> DoubtfulAsync()
    {
        await sink.SetRulesAsync(SinkRule.CutAtDot());
        var id = await SettledAsync("a@example.org", "in_doubt");
        await sink.SetRulesAsync(RouteMatrixTests.Refusing);
        await world.PostAsync("/api/accounts/" + RouteMatrixTests.Account + "/circuit/reset", "");
        return id;
    }

    private async Task<string> AccountAsync() => (string)(await MadeAsync(
        "/api/accounts", $$$"""{"name":"account{{{++made}}}","from":"n{{{made}}}@sender.example","transport":{"type":"smtp","host":"127.0.0.1","port":1,"security":"none"}}"""))["name"]!;

    /// <summary>An account of which a failure is known.</summary>
    private async Task<string> FailingAsync()
    {
        var name = await AccountAsync();
        await world.AskAsync(HttpMethod.Patch, "/api/settings", """{"retry":{"maxAttempts":1}}""");
        await MadeAsync("/api/emails", $$"""{"to":["a@example.org"],"subject":"s","text":"t","account":"{{name}}"}""");
        await Eventually.HoldsAsync(async () => (await world.GetAsync($"/api/accounts/{name}")).Body!["circuit"]?["consecutiveFailures"]?.GetValue<int>() > 0, "a failure to be known");
        return name;
    }

    [GeneratedRegex("\\{(?<word>[A-Za-z]+)\\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Words();
}
