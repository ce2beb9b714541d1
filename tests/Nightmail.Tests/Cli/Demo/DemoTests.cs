using Nightmail.Cli;
using Nightmail.Cli.Demo;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Demo;

public sealed class DemoTests
{
    [Fact]
    public async Task Three_emails_leave_and_the_cancelled_one_does_not()
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();

        var exitCode = await new DemoShow(Real(output, error), new GlobalValues(), TimeSpan.FromMilliseconds(50)).RunAsync(keep: false, TestContext.Current.CancellationToken);

        exitCode.ShouldBe(0);
        var received = output.ToString();
        received.ShouldContain("ada@example.org");
        received.ShouldContain("bob@example.org");
        received.ShouldContain("carol@example.org");
        received.ShouldNotContain("dan@example.org");
        error.ToString().ShouldContain("451");
        Directory.Exists(Path.GetDirectoryName(QueueIn(error.ToString()))).ShouldBeFalse();
    }

    [Fact]
    public async Task In_a_terminal_it_is_a_table()
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();

        await new DemoShow(Real(output, error) with { OutputIsTerminal = true, Width = 120 }, new GlobalValues(), TimeSpan.FromMilliseconds(50)).RunAsync(keep: false, TestContext.Current.CancellationToken);

        output.ToString().ShouldContain("In two seconds");
        output.ToString().ShouldContain("│");
    }

    private static string QueueIn(string error) => error.Split('\n')[0].Split(' ')[^1];

    private static Surroundings Real(TextWriter output, TextWriter error) => new()
    {
        OpenInput = () => Stream.Null,
        OutputOf = () => output,
        ErrorOf = () => error,
        OpenOutput = () => Stream.Null,
        Time = TimeProvider.System,
        Random = new Random(1),
        Variable = _ => null,
        MachineZone = () => NodaTime.DateTimeZone.Utc,
        UserAtHost = () => "ada@hut",
        OnStopSignal = _ => Stream.Null,
    };
}
