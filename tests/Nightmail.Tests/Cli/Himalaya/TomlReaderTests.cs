using Nightmail.Cli.Himalaya;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Himalaya;

public sealed class TomlReaderTests
{
    [Theory]
    [InlineData("a = 'x'", "x")]
    [InlineData("a = \"x\" # a comment", "x")]
    [InlineData("\"a\" = \"tab\\tquote\\\" \\u00e9\"", "tab\tquote\" é")]
    [InlineData("a = 'C:\\path'", "C:\\path")]
    [InlineData("a = \"\"\"\nfirst\nsecond \\\n   joined\"\"\"", "first\nsecond joined")]
    [InlineData("a = '''\nit's \\ raw'''", "it's \\ raw")]
    [InlineData("a = 993", "993")]
    [InlineData("a = true\r\n", "true")]
    public void A_value_is_read(string text, string value) => TomlReader.Read(text).TextOf("a").ShouldBe(value);

    [Fact]
    public void Tables_dotted_keys_and_inline_tables_are_one_tree()
    {
        var root = TomlReader.Read("""
            top = 1
            [accounts.work]
            email = "ada@example.org"
            smtp.server = "smtps://mx"   # dotted
            smtp.sasl = { plain = { username = 'ada', password.command = [ "pass", # why not
              "show work", ] } }
            [accounts."two words".smtp]
            starttls = true
            [[list]]
            name = "first"
            [[list]]
            name = "second"
            """);
        root.TextOf("top").ShouldBe("1");
        root.TextOf("accounts", "work", "smtp", "server").ShouldBe("smtps://mx");
        root.TextOf("accounts", "work", "smtp", "sasl", "plain", "username").ShouldBe("ada");
        HimalayaSecrets.CommandOf(root.Find("accounts", "work", "smtp", "sasl", "plain", "password", "command")).ShouldBe("pass 'show work'");
        root.TextOf("accounts", "two words", "smtp", "starttls").ShouldBe("true");
        root.Find("list").ShouldBeOfType<TomlValue.List>().Items.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData("a", 1)]
    [InlineData("\na = ", 2)]
    [InlineData("a = 'x\n'", 1)]
    [InlineData("a = 1\na = 2", 2)]
    [InlineData("a = 1 b = 2", 1)]
    [InlineData("[a\n", 1)]
    [InlineData("a = [1, 2", 1)]
    [InlineData("a = \"\\q\"", 1)]
    [InlineData("a = 1\n[a.b]", 2)]
    public void What_is_no_toml_is_refused_with_the_line(string text, int line) =>
        Should.Throw<FormatException>(() => TomlReader.Read(text)).Message.ShouldStartWith($"line {line}: ");

    [Fact]
    public void Nothing_that_is_cut_off_or_nested_without_end_breaks_the_reader()
    {
        const string Whole = "[a.\"b c\"]\nd = { e = [1, 'x', \"\"\"y\\u0041\"\"\"] } # z\n";
        for (var length = 0; length < Whole.Length; length++)
        {
            try
            {
                TomlReader.Read(Whole[..length]);
            }
            catch (FormatException)
            {
                // That is how it says so.
            }
        }

        Should.Throw<FormatException>(() => TomlReader.Read($"a = {new string('[', 100_000)}"));
    }
}
