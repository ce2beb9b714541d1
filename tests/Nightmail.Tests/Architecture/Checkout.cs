using System.Diagnostics;
using System.Xml.Linq;

namespace Nightmail.Tests.Architecture;

/// <summary>The source tree that these tests were built from.</summary>
internal static class Checkout
{
    private static readonly string[] NotOurs = [".git", "artifacts", "bin", "obj", "node_modules"];

    /// <summary>The folder of Nightmail.slnx.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The names of the projects under src.</summary>
    public static IEnumerable<string> SourceProjects =>
        Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.csproj", SearchOption.AllDirectories).Select(Path.GetFileNameWithoutExtension).OfType<string>().Order(StringComparer.Ordinal);

    /// <summary>Every file that a person wrote or git keeps, relative to the root, with forward slashes.</summary>
    public static IEnumerable<string> Files(string folder = "")
    {
        foreach (var path in Directory.EnumerateFiles(Path.Combine(Root, folder))) yield return Path.GetRelativePath(Root, path);
        foreach (var path in Directory.EnumerateDirectories(Path.Combine(Root, folder)))
        {
            if (NotOurs.Contains(Path.GetFileName(path), StringComparer.Ordinal)) continue;
            foreach (var file in Files(Path.GetRelativePath(Root, path))) yield return file;
        }
    }

    /// <summary>The text of one of <see cref="Files"/>.</summary>
    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    /// <summary>What a project under src refers to: <c>ProjectReference</c> by name, or <c>PackageReference</c>.</summary>
    public static IReadOnlyList<string> References(string project, string kind) =>
        [.. XDocument.Parse(Read($"src/{project}/{project}.csproj")).Descendants(kind)
            .Select(reference => (string?)reference.Attribute("Include") ?? "")
            .Select(include => kind == "ProjectReference" ? Path.GetFileNameWithoutExtension(include) : include)];

    /// <summary>The files git keeps, or null when this is no git checkout.</summary>
    public static IReadOnlyList<string>? TrackedFiles()
    {
        if (!Path.Exists(Path.Combine(Root, ".git"))) return null;
        // The folder may belong to somebody else than the one who tests; git then wants to be told that it is meant.
        var start = new ProcessStartInfo("git", ["-c", $"safe.directory={Root}", "ls-files", "-z"]) { WorkingDirectory = Root, RedirectStandardOutput = true, UseShellExecute = false };
        using var git = Process.Start(start)!;
        var output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        return git.ExitCode == 0 ? output.Split('\0', StringSplitOptions.RemoveEmptyEntries) : throw new InvalidOperationException($"git ls-files ended with {git.ExitCode}.");
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Nightmail.slnx"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests do not lie inside a checkout.");
    }
}
