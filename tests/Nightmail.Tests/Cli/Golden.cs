using System.Text.RegularExpressions;
using Nightmail.Tests.Architecture;
using Shouldly;

namespace Nightmail.Tests.Cli;

/// <summary>Output that is kept in a file beside the tests. NIGHTMAIL_WRITE_GOLDEN=1 writes the files anew; then look at what changed.</summary>
internal static partial class Golden
{
    /// <summary>Compares the output with the file; ids, folders and process ids, which differ in every run, are replaced by words.</summary>
    public static void ShouldBeGolden(this string output, string name, CliWorld? world = null)
    {
        var stable = ShortId().Replace(Id().Replace(output, match => $"{match.Groups["before"]}ID"), "ID6ID6  ");
        if (world is not null) stable = stable.Replace(world.Folder, "HOME", StringComparison.Ordinal);
        stable = stable.Replace($"pid {Environment.ProcessId}", "pid PID", StringComparison.Ordinal);
        var file = Path.Combine(Checkout.Root, "tests", "Nightmail.Tests", "Cli", "Golden", name);
        if (Environment.GetEnvironmentVariable("NIGHTMAIL_WRITE_GOLDEN") == "1") File.WriteAllText(file, stable);
        stable.ShouldBe(File.ReadAllText(file));
    }

    [GeneratedRegex("(?<before>email_|<)[0-9a-f]{32}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Id();

    [GeneratedRegex("^[0-9a-f]{6,}  ", RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ShortId();
}
