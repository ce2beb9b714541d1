using System.Globalization;

namespace Nightmail.Cli.Printing;

/// <summary>A bar that is drawn over itself on standard error, in a terminal only: whoever reads a file or a pipe wants the result alone.</summary>
internal sealed class ProgressLine(Session session)
{
    private const int BarColumns = 24;

    /// <summary>Faster than this nobody sees it.</summary>
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(100);

    private readonly bool shown = session.Surroundings.OutputIsTerminal && !session.Globals.Json;
    private DateTimeOffset drawn = DateTimeOffset.MinValue;
    private bool open;

    /// <summary>Draws it.</summary>
    /// <param name="done">How much is done.</param>
    /// <param name="all">Of how much; 0: nobody knows.</param>
    /// <param name="words">What stands behind the bar.</param>
    public void Draw(long done, long all, string words)
    {
        if (!shown || session.Now - drawn < Least) return;
        drawn = session.Now;
        open = true;
        var line = all > 0 ? $"{Bar(done, all)} {words}" : words;
        session.Surroundings.Error.Write($"\r{Printable.Clip(line, session.Surroundings.Width - 1)}\u001b[K");
    }

    /// <summary>Takes it away, so that what is said next stands on a line of its own.</summary>
    public void Clear()
    {
        if (open) session.Surroundings.Error.Write("\r\u001b[K");
        open = false;
        drawn = DateTimeOffset.MinValue;
    }

    /// <summary>The bar and how much of all is done, in hundredths.</summary>
    public static string Bar(long done, long all)
    {
        var share = Math.Clamp(all == 0 ? 0 : (double)done / all, 0, 1);
        var filled = (int)(share * BarColumns);
        return string.Create(CultureInfo.InvariantCulture, $"[{new string('#', filled)}{new string('.', BarColumns - filled)}] {(int)(share * 100),3}%");
    }
}
