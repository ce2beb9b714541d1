using System.Reflection;
using System.Xml.Linq;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Architecture;

/// <summary>Keeps the arrows of docs/architecture.md: who may know whom.</summary>
public sealed class DependencyTests
{
    private static readonly string BaseLibrary = Path.GetDirectoryName(typeof(object).Assembly.Location)!;

    /// <summary>Which of our projects each project may refer to. Core knows nobody; stores and mail know only Core; the executable knows all.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Nightmail.Core"] = [],
        ["Nightmail.Mail"] = ["Nightmail.Core"],
        ["Nightmail.Store.File"] = ["Nightmail.Core"],
        ["Nightmail.Store.Sql"] = ["Nightmail.Core"],
        ["Nightmail.Server"] = ["Nightmail.Core"],
        ["Nightmail.Cli"] = ["Nightmail.Core", "Nightmail.Mail", "Nightmail.Store.File", "Nightmail.Store.Sql", "Nightmail.Server"],
    };

    public static TheoryData<string> Projects => new(Checkout.SourceProjects);

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_refers_only_to_those_the_architecture_allows(string project)
    {
        Allowed.ShouldContainKey(project, "a new project needs its place in the architecture first");

        Checkout.References(project, "ProjectReference").Except(Allowed[project], StringComparer.Ordinal).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_compiled_assembly_refers_only_to_those_the_architecture_allows(string project)
    {
        var compiled = ReferencedBy(project).Where(name => name.StartsWith("Nightmail", StringComparison.Ordinal));

        compiled.Except(Allowed[project], StringComparer.Ordinal).ShouldBeEmpty();
    }

    [Fact]
    public void Core_needs_the_base_library_and_NodaTime_alone()
    {
        ReferencedBy("Nightmail.Core").Where(name => !IsBaseLibrary(name) && name != "NodaTime").ShouldBeEmpty();
        Checkout.References("Nightmail.Core", "PackageReference").ShouldBe(["NodaTime"]);
    }

    [Theory]
    [InlineData("Nightmail.Mail")]
    [InlineData("Nightmail.Store.File")]
    public void Mail_and_the_file_store_need_no_package_beyond_those_of_Core(string project)
    {
        Checkout.References(project, "PackageReference").Except(["NodaTime"], StringComparer.Ordinal).ShouldBeEmpty();
    }

    [Fact]
    public void Only_the_composition_names_stores_and_transports_together()
    {
        var both = Checkout.Files("src").Where(file => file.EndsWith(".cs", StringComparison.Ordinal))
            .Where(file => Checkout.Read(file) is var code && Names(code, "Nightmail.Store.") && Names(code, "Nightmail.Mail"));

        both.Except(["src/Nightmail.Cli/Composition.cs"], StringComparer.Ordinal).ShouldBeEmpty();
    }

    [Fact]
    public void Every_package_has_its_version_in_one_place_and_a_reason_in_a_decision_record()
    {
        var records = string.Concat(Checkout.Files("docs/decisions").Select(Checkout.Read));
        var packages = XDocument.Parse(Checkout.Read("Directory.Packages.props")).Descendants("PackageVersion").Select(package => (string)package.Attribute("Include")!);

        packages.Where(package => !Names(records, $"`{package}`")).ShouldBeEmpty();
        Checkout.Files().Where(file => file.EndsWith(".csproj", StringComparison.Ordinal))
            .Where(file => XDocument.Parse(Checkout.Read(file)).Descendants("PackageReference").Any(package => package.Attribute("Version") is not null))
            .ShouldBeEmpty();
    }

    private static IEnumerable<string> ReferencedBy(string project)
    {
        var assembly = Assembly.Load(project == "Nightmail.Cli" ? "nightmail" : project);
        return assembly.GetReferencedAssemblies().Select(reference => reference.Name!);
    }

    private static bool IsBaseLibrary(string name) => File.Exists(Path.Combine(BaseLibrary, name + ".dll"));

    private static bool Names(string text, string name) => text.Contains(name, StringComparison.Ordinal);
}
