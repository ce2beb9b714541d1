using System.Diagnostics;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

/// <summary>The API's description, before two lints and a generator of clients that other people wrote (tests/openapi).</summary>
public sealed class OpenApiTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static string Tools
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Nightmail.slnx"))) folder = folder.Parent;
            return Path.Combine(folder?.FullName ?? ".", "tests", "openapi");
        }
    }

    [Fact]
    public async Task Redocly_finds_nothing_to_say_about_it()
    {
        using var written = await WrittenAsync();

        var (_, output) = await RunAsync(written.Folder, "redocly", "lint", "--config", Path.Combine(Tools, "redocly.yaml"), "--format=json", written.Description);

        var start = output.IndexOf("{\n", StringComparison.Ordinal);
        start.ShouldBeGreaterThanOrEqualTo(0, output);
        var found = JsonNode.Parse(output[start..(output.LastIndexOf('}') + 1)])!;
        found["problems"]!.AsArray().Select(each => $"{each!["ruleId"]}: {each["message"]} {each["location"]?[0]?["pointer"]}").ShouldBeEmpty();
        found["totals"]!["errors"]!.GetValue<int>().ShouldBe(0);
    }

    [Fact]
    public async Task Spectral_finds_nothing_to_say_about_it()
    {
        using var written = await WrittenAsync();

        var (code, output) = await RunAsync(written.Folder, "spectral", "lint", "--ruleset", Path.Combine(Tools, ".spectral.yaml"), "--fail-severity", "hint", written.Description);

        code.ShouldBe(0, output);
        output.ShouldContain("No results with a severity of 'hint' or higher found!");
    }

    [Fact]
    public async Task A_client_that_is_generated_from_it_compiles_and_takes_no_mistake()
    {
        using var written = await WrittenAsync();
        (await RunAsync(written.Folder, "openapi-typescript", written.Description, "-o", Path.Combine(written.Folder, "api.d.ts"))).Code.ShouldBe(0);
        File.Copy(Path.Combine(Tools, "client.ts"), Path.Combine(written.Folder, "client.ts"));
        var options = new JsonObject
        {
            ["strict"] = true, ["noEmit"] = true, ["noUncheckedIndexedAccess"] = true, ["target"] = "es2022", ["module"] = "esnext", ["moduleResolution"] = "bundler", ["types"] = new JsonArray(),
            ["lib"] = new JsonArray("es2022", "dom", "dom.iterable"), ["paths"] = new JsonObject { ["openapi-fetch"] = new JsonArray(Path.Combine(Tools, "node_modules", "openapi-fetch")), ["openapi-typescript-helpers"] = new JsonArray(Path.Combine(Tools, "node_modules", "openapi-typescript-helpers")) },
        };
        await File.WriteAllTextAsync(Path.Combine(written.Folder, "tsconfig.json"), new JsonObject { ["compilerOptions"] = options, ["files"] = new JsonArray("client.ts") }.ToJsonString());

        var (code, output) = await RunAsync(written.Folder, "tsc", "-p", written.Folder);

        code.ShouldBe(0, output);
    }

    [Fact]
    public async Task Every_operation_has_its_words_its_key_an_example_and_what_it_refuses()
    {
        using var written = await WrittenAsync();
        var description = JsonNode.Parse(await File.ReadAllTextAsync(written.Description))!;

        ((string)description["openapi"]!).ShouldStartWith("3.1");
        var operations = description["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(each => each.Value!)).ToList();
        operations.Select(each => (string?)each["operationId"]).ShouldBeUnique();
        foreach (var operation in operations)
        {
            var name = (string)operation["operationId"]!;
            ((string?)operation["summary"]).ShouldNotBeNullOrEmpty(name);
            operation["security"]!.AsArray().Count.ShouldBe(1, name);
            foreach (var status in new[] { "401", "403", "503" }) operation["responses"]![status].ShouldNotBeNull(name);
            if (operation["requestBody"]?["content"]?["application/json"] is { } body) body["example"].ShouldNotBeNull($"{name} has no example of its body");
            foreach (var parameter in operation["parameters"]?.AsArray() ?? []) ((string?)parameter!["description"]).ShouldNotBe((string?)parameter["name"], $"{name} says nothing of a parameter");
        }
    }

    private static async Task<Written> WrittenAsync()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        var written = new Written();
        await File.WriteAllTextAsync(written.Description, await world.Client.GetStringAsync("/openapi/v1.json"));
        return written;
    }

    private static async Task<(int Code, string Output)> RunAsync(string folder, string tool, params string[] arguments)
    {
        var program = Path.Combine(Tools, "node_modules", ".bin", tool);
        if (!File.Exists(program)) throw new InvalidOperationException($"{tool} is not installed: ./dev test does that, or cd tests/openapi && npm ci");
        var start = new ProcessStartInfo("node", [program, .. arguments]) { WorkingDirectory = folder, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        // They must not ask anybody on the network for news of themselves.
        foreach (var (name, value) in new[] { ("REDOCLY_TELEMETRY", "off"), ("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true"), ("NO_COLOR", "1"), ("CI", "true") }) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException late)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{tool} did not end within {Patience.TotalMinutes} min", late);
        }

        return (process.ExitCode, await output + await errors);
    }

    /// <summary>A folder with the description in it.</summary>
    private sealed class Written : IDisposable
    {
        public string Folder { get; } = Directory.CreateTempSubdirectory("nightmail-openapi-").FullName;

        public string Description => Path.Combine(Folder, "openapi.json");

        public void Dispose() => Directory.Delete(Folder, recursive: true);
    }
}
