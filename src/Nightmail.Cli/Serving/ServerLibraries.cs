using System.Reflection;
using System.Runtime.Loader;

namespace Nightmail.Cli.Serving;

/// <summary>
/// Finds the libraries of ASP.NET Core in the installation that this program runs on. The program does not name them as its framework,
/// so that only the server looks through them.
/// </summary>
internal static class ServerLibraries
{
    private const string Framework = "Microsoft.AspNetCore.App";

    /// <summary>From here on they are found when they are needed.</summary>
    /// <exception cref="CommandFailure">They are not installed.</exception>
    public static void Enable()
    {
        // Where the program was started with them anyhow, as in tests, there is nothing to find.
        if (AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") is string all && all.Contains("Microsoft.AspNetCore.dll", StringComparison.Ordinal)) return;
        var folder = Find() ?? throw CommandFailure.Refused($"the server needs ASP.NET Core {Environment.Version.Major}.{Environment.Version.Minor}, which is not installed beside .NET: install aspnetcore-runtime-{Environment.Version.Major}.{Environment.Version.Minor}");
        AssemblyLoadContext.Default.Resolving += (context, name) => Load(context, folder, name);
    }

    private static Assembly? Load(AssemblyLoadContext context, string folder, AssemblyName name)
    {
        var path = Path.Combine(folder, name.Name + ".dll");
        return File.Exists(path) ? context.LoadFromAssemblyPath(path) : null;
    }

    /// <summary>The newest of the same major and minor version as the runtime, which is how the host itself chooses.</summary>
    private static string? Find()
    {
        var runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        var frameworks = Path.Combine(runtime, "..", "..", Framework);
        if (!Directory.Exists(frameworks)) return null;
        return Directory.EnumerateDirectories(frameworks)
            .Select(folder => (Folder: Path.GetFullPath(folder), Version: Version.TryParse(Path.GetFileName(folder), out var version) ? version : null))
            .Where(each => each.Version?.Major == Environment.Version.Major && each.Version.Minor == Environment.Version.Minor)
            .OrderByDescending(each => each.Version)
            .Select(each => each.Folder)
            .FirstOrDefault();
    }
}
