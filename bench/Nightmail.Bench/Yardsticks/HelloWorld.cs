using Nightmail.Bench.Measuring;

namespace Nightmail.Bench.Yardsticks;

/// <summary>The smallest program the same SDK makes in the same way: what any command of a person's cannot be faster than.</summary>
internal static class HelloWorld
{
    private const string Project = """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>Exe</OutputType>
            <TargetFramework>net10.0</TargetFramework>
            <InvariantGlobalization>true</InvariantGlobalization>
            <TieredPGO>false</TieredPGO>
            <UseAppHost>true</UseAppHost>
            <DisableTransitiveFrameworkReferenceDownloads>true</DisableTransitiveFrameworkReferenceDownloads>
          </PropertyGroup>
        </Project>
        """;

    /// <summary>Builds it, ReadyToRun and framework-dependent, and returns its path.</summary>
    public static async Task<string> BuildAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        // The repository's own settings must not reach it.
        await File.WriteAllTextAsync(Path.Combine(folder, "Directory.Build.props"), "<Project />");
        await File.WriteAllTextAsync(Path.Combine(folder, "Directory.Build.targets"), "<Project />");
        await File.WriteAllTextAsync(Path.Combine(folder, "Directory.Packages.props"), "<Project />");
        await File.WriteAllTextAsync(Path.Combine(folder, "hello.csproj"), Project);
        await File.WriteAllTextAsync(Path.Combine(folder, "Program.cs"), "System.Console.WriteLine(\"hello\");\n");
        var output = Path.Combine(folder, "published");
        await WholeProcess.RunAsync("dotnet", ["publish", Path.Combine(folder, "hello.csproj"), "-c", "Release", "-r", "linux-x64", "--self-contained", "false", "-p:PublishReadyToRun=true", "-o", output]);
        return Path.Combine(output, "hello");
    }
}
