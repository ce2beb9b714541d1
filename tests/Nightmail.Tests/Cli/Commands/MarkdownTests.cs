using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Commands;

public sealed class MarkdownTests : IDisposable
{
    private readonly CliWorld world = new CliWorld().WithAccount();

    [Fact]
    public async Task The_source_is_the_text_and_the_HTML_is_made_from_it()
    {
        var message = await RawAsync("--body", "# Minutes\n\n- *one*\n- [two](https://example.org)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n");

        message.ShouldContain("multipart/alternative");
        message.ShouldContain("# Minutes");
        message.ShouldContain("<h1>Minutes</h1>");
        message.ShouldContain("<em>one</em>");
        message.ShouldContain("<a href=\"https://example.org\">two</a>");
        message.ShouldContain("<td>1</td>");
    }

    [Fact]
    public async Task HTML_in_the_source_is_shown_and_not_taken() =>
        (await RawAsync("--body", "Hello <script>alert(1)</script> you")).ShouldContain("&lt;script&gt;alert(1)&lt;/script&gt;");

    [Fact]
    public async Task It_may_come_from_a_file_or_from_standard_input()
    {
        (await RawAsync("--body-file", world.Write("body.md", "**bold**"))).ShouldContain("<strong>bold</strong>");
        var scheduled = await world.RunWithInputAsync("**loud**", "schedule", "--to", "bob@example.org", "--subject", "S", "--markdown", "-", "--at", "tomorrow");
        (await world.RunAsync("show", scheduled.Output.Split(' ')[0], "--raw")).Output.ShouldContain("<strong>loud</strong>");
    }

    [Theory]
    [InlineData("--markdown makes the HTML itself: leave --html away", "--body", "x", "--html", "y.html")]
    [InlineData("--markdown needs the text: give --body, --body-file or -")]
    public async Task What_does_not_go_together_is_refused(string says, params string[] options)
    {
        var result = await world.RunAsync(["schedule", "--to", "bob@example.org", "--subject", "S", "--markdown", "--at", "tomorrow", .. options]);

        (result.ExitCode, result.Output).ShouldBe((2, ""));
        result.Error.ShouldStartWith($"nightmail: {says}");
        File.Exists(world.Queue).ShouldBeFalse();
    }

    public void Dispose() => world.Dispose();

    private async Task<string> RawAsync(params string[] body)
    {
        var scheduled = await world.RunAsync(["schedule", "--to", "bob@example.org", "--subject", "S", "--markdown", "--at", "tomorrow", .. body]);
        scheduled.ExitCode.ShouldBe(0, scheduled.Error);
        return (await world.RunAsync("show", scheduled.Output.Split(' ')[0], "--raw")).Output;
    }
}
