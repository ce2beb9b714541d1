using Shouldly;
using Xunit;

namespace Nightmail.Tests.Architecture;

/// <summary>Keeps the tree as a reader wants to find it.</summary>
public sealed class RepositoryTests
{
    /// <summary>A file is one thing; what grows past this is two.</summary>
    private const int LongestFile = 400;

    private static readonly string[] Texts = [".cs", ".csproj", ".props", ".slnx", ".json", ".md", ".txt", ".yml", ".sh", ".lua", ".ts", ".tsx", ".svg", ""];

    /// <summary>In two halves, so that this file does not name them either.</summary>
    private static readonly string[] Registries =
        ["api.nu" + "get.org", "registry.npm" + "js", "deb.deb" + "ian.org", "security.deb" + "ian.org", "pypi" + ".org", "pythonho" + "sted.org"];

    [Fact]
    public void No_source_file_is_longer_than_400_lines()
    {
        Checkout.Files().Where(file => file.EndsWith(".cs", StringComparison.Ordinal))
            .Select(file => $"{Checkout.Read(file).Count(character => character == '\n')} {file}")
            .Where(line => int.Parse(line[..line.IndexOf(' ', StringComparison.Ordinal)]) > LongestFile)
            .ShouldBeEmpty();
    }

    [Fact]
    public void No_file_names_the_host_of_a_package_registry()
    {
        Checkout.Files().Where(IsText)
            .Where(file => Checkout.Read(file) is var text && Registries.Any(host => text.Contains(host, StringComparison.OrdinalIgnoreCase)))
            .ShouldBeEmpty();
    }

    [Fact]
    public void Lock_files_hold_versions_and_hashes_and_no_addresses()
    {
        var locks = Checkout.Files().Where(file => Path.GetFileName(file) == "packages.lock.json").ToList();

        locks.Count.ShouldBe(Checkout.Files().Count(file => file.EndsWith(".csproj", StringComparison.Ordinal)), "every project has one");
        locks.Where(file => Checkout.Read(file).Contains("://", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public void Git_keeps_nothing_that_a_build_makes()
    {
        var tracked = Checkout.TrackedFiles();
        Assert.SkipWhen(tracked is null, "not a git checkout, so there is nothing that git keeps");

        tracked!.Where(IsBuilt).ShouldBeEmpty();
    }

    private static bool IsText(string file) => Texts.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase);

    private static bool IsBuilt(string file) =>
        file.Split('/')[..^1].Any(folder => folder is "artifacts" or "bin" or "obj" or "node_modules" or "dist" or "TestResults")
        || Path.GetExtension(file) is ".dll" or ".exe" or ".pdb" or ".so" or ".binlog" or ".trx";
}
