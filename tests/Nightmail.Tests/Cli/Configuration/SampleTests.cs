using System.Text;
using Nightmail.Cli.Configuration;
using Nightmail.Tests.Architecture;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Configuration;

public sealed class SampleTests
{
    private static readonly string Sample = File.ReadAllText(Path.Combine(Checkout.Root, "config.sample.json"));

    [Fact]
    public void Everything_in_the_sample_outside_the_accounts_is_the_default()
    {
        var sample = Read(Sample).Readings.Where(IsGeneral).Select(reading => $"{reading.Path} = {reading.Value}");
        var defaults = Read("").Readings.Where(IsGeneral).Select(reading => $"{reading.Path} = {reading.Value}");

        sample.ShouldBe(defaults);
    }

    [Fact]
    public void Every_key_that_is_read_stands_in_the_sample()
    {
        // A key that is null there, or in a comment, stands there too.
        var missing = Read(Sample).Readings.Where(reading => !reading.Path.StartsWith("accounts.try", StringComparison.Ordinal)).Select(reading => reading.Path.Split('.')[^1])
            .Where(key => !Sample.Contains($"\"{key}\":", StringComparison.Ordinal));

        missing.ShouldBeEmpty();
    }

    private static bool IsGeneral(ConfigReading reading) => !reading.Path.StartsWith("accounts", StringComparison.Ordinal);

    private static Settings Read(string text) => SettingsReader.Read("config.sample.json", Encoding.UTF8.GetBytes(text), _ => null);
}
