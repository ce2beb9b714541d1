using Nightmail.Core.Accounts;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Accounts;

public sealed class CommandWordsTests
{
    [Theory]
    [InlineData("sendmail -t -i", new[] { "sendmail", "-t", "-i" })]
    [InlineData("  himalaya\tmessage  send -a X ", new[] { "himalaya", "message", "send", "-a", "X" })]
    [InlineData("'my mailer' \"a b\"c ''", new[] { "my mailer", "a bc", "" })]
    [InlineData("m \\\" \"\\\"\\x\\$\" '\\'", new[] { "m", "\"", "\"\\x$", "\\" })]
    [InlineData("sh -c 'a | b; $c `d`'", new[] { "sh", "-c", "a | b; $c `d`" })]
    public void Words_are_split_as_a_shell_splits_them(string command, string[] words)
    {
        CommandWords.TryParse(command, out var found, out _).ShouldBeTrue();
        found.ShouldBe(words);
    }

    [Theory]
    [InlineData("", "position 1: no program")]
    [InlineData("   ", "position 1: no program")]
    [InlineData("a 'b", "position 3: a ' that is not closed")]
    [InlineData("a \"b", "position 3: a \" that is not closed")]
    [InlineData("a \\", "position 3: a backslash with nothing behind it")]
    [InlineData("a; b", "position 2: ';', which only a shell understands")]
    [InlineData("a > b", "position 3: '>', which only a shell understands")]
    [InlineData("a \"$(b)\"", "position 4: '$', which only a shell understands")]
    [InlineData("a\nb", "a line break")]
    public void What_only_a_shell_could_carry_out_is_refused(string command, string error)
    {
        CommandWords.TryParse(command, out _, out var found).ShouldBeFalse();
        found.ShouldContain(error);
    }
}
