using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Spectre.Console;

namespace Nightmail.Bench.Measuring;

/// <summary>Prints figures: a JSON line each on standard output as they come, one table on standard error at the end.</summary>
internal sealed class Report
{
    /// <summary>The lines go to a terminal or a file, never into a web page.</summary>
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly List<Figure> figures = [];

    /// <summary>Says what is going on, on standard error.</summary>
    public static void Progress(string words) => Console.Error.WriteLine(words);

    /// <summary>Takes a figure and prints its line.</summary>
    public void Add(Figure figure)
    {
        figures.Add(figure);
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line, Plain)) Write(json, figure);
        Console.Out.WriteLine(System.Text.Encoding.UTF8.GetString(line.ToArray()));
    }

    /// <summary>Prints the table.</summary>
    public void PrintTable()
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (var heading in (string[])["bench", "what", "ours: median [min … max]", "yardstick", "", "ratio [min … max]", "must", "aim", ""]) table.AddColumn(new TableColumn(new Text(heading)));
        foreach (var figure in figures)
        {
            table.AddRow(
                new Text(figure.Bench),
                new Text(figure.What),
                new Text(Spread(figure.Ours, figure.Unit)),
                new Text(figure.Yardstick is { } yardstick ? Spread(yardstick, figure.Unit) : ""),
                new Text(figure.YardstickName ?? ""),
                new Text(figure.Ratio is { } ratio ? Spread(ratio, "x") : ""),
                new Text(figure.Bar is { } must ? $"{(must.MoreIsBetter ? "≥" : "≤")} {Short(must.Must)} {must.Unit}" : ""),
                new Text(figure.Bar is { Aim: { } wanted } aim ? $"{Short(wanted)} {aim.Unit}" : ""),
                new Text(figure.Bar?.Judge(figure.Judged) ?? ""));
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        // A pipe has no width of its own, and a wrapped table is no table.
        if (Console.IsErrorRedirected) console.Profile.Width = 200;
        console.Write(table);
    }

    private static void Write(Utf8JsonWriter json, Figure figure)
    {
        json.WriteStartObject();
        json.WriteString("bench", figure.Bench);
        json.WriteString("what", figure.What);
        json.WriteString("unit", figure.Unit);
        Write(json, "ours", figure.Ours);
        if (figure.Yardstick is { } yardstick)
        {
            json.WriteString("yardstickName", figure.YardstickName);
            Write(json, "yardstick", yardstick);
            Write(json, "ratio", figure.Ratio!);
        }

        if (figure.Bar is { } bar)
        {
            json.WriteNumber("must", bar.Must);
            if (bar.Aim is { } aim) json.WriteNumber("aim", aim);
            json.WriteString("verdict", bar.Judge(figure.Judged));
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, Samples samples)
    {
        json.WriteStartObject(name);
        json.WriteNumber("median", Math.Round(samples.Median, 4));
        json.WriteNumber("min", Math.Round(samples.Min, 4));
        json.WriteNumber("max", Math.Round(samples.Max, 4));
        json.WriteNumber("count", samples.Values.Count);
        json.WriteEndObject();
    }

    private static string Spread(Samples samples, string unit) => samples.Values.Count == 1
        ? $"{Short(samples.Median)} {unit}"
        : $"{Short(samples.Median)} {unit} [{Short(samples.Min)} … {Short(samples.Max)}]";

    private static string Short(double value) => value.ToString(value >= 1000 ? "N0" : value >= 100 ? "0" : value >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture);
}
