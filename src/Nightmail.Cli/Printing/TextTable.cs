using System.Text;

namespace Nightmail.Cli.Printing;

/// <summary>Columns of text: a heading, rows, two spaces between. The last column is clipped to the width that is left.</summary>
internal sealed class TextTable(params string[] heading)
{
    private readonly List<string[]> rows = [heading];

    /// <summary>Adds a row with a cell for each column.</summary>
    public void Add(params string[] cells) => rows.Add([.. cells.Select(Printable.OneLine)]);

    /// <summary>The table as text.</summary>
    /// <param name="width">The columns of the terminal; null: nothing is clipped.</param>
    public string ToText(int? width)
    {
        var text = new StringBuilder();
        var widths = new int[heading.Length];
        foreach (var row in rows)
            for (var column = 0; column < row.Length; column++) widths[column] = Math.Max(widths[column], Printable.Columns(row[column]));
        foreach (var row in rows)
        {
            var used = 0;
            for (var column = 0; column < row.Length - 1; column++)
            {
                text.Append(row[column]).Append(' ', widths[column] - Printable.Columns(row[column]) + 2);
                used += widths[column] + 2;
            }

            text.Append(Printable.Clip(row[^1], width is { } all ? Math.Max(all - used, 10) : null));
            while (text.Length > 0 && text[^1] == ' ') text.Length--;
            text.Append('\n');
        }

        return text.ToString();
    }
}
