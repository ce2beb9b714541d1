using Nightmail.Core.Emails;
using Spectre.Console;

namespace Nightmail.Cli.Demo;

/// <summary>The board as a live table in a terminal. The only part of the program that needs Spectre.Console, loaded only here.</summary>
internal static class DemoScreen
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(100);

    /// <summary>Shows the board until <paramref name="ended"/> is complete.</summary>
    public static async Task ShowAsync(DemoBoard board, TextWriter output, TimeProvider time, Task ended)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        await console.Live(Table(board)).StartAsync(async screen =>
        {
            while (!ended.IsCompleted)
            {
                screen.UpdateTarget(Table(board));
                await Task.WhenAny(ended, Task.Delay(Refresh, time, CancellationToken.None));
            }

            screen.UpdateTarget(Table(board));
        });
    }

    private static Table Table(DemoBoard board)
    {
        var table = new Table().RoundedBorder().AddColumns("To", "Subject", "Status", "");
        foreach (var row in board.Rows()) table.AddRow(Markup.Escape(row.To), Markup.Escape(row.Subject), $"[{ColourOf(row.Status)}]{row.Status.Name()}[/]", Markup.Escape(row.Remark));
        return table;
    }

    private static string ColourOf(EmailStatus status) => status switch
    {
        EmailStatus.Sent => "green",
        EmailStatus.Sending => "yellow",
        EmailStatus.Pending => "blue",
        EmailStatus.Cancelled => "grey",
        _ => "red",
    };
}
