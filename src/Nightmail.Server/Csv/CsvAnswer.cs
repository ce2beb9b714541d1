using System.Text;
using Microsoft.AspNetCore.Http;

namespace Nightmail.Server.Csv;

/// <summary>Rows as a CSV file (RFC 4180), written while they are read: any number of them takes little memory.</summary>
/// <param name="name">The name that the file gets where it is saved.</param>
/// <param name="header">The names of the columns.</param>
/// <param name="rows">The rows.</param>
internal sealed class CsvAnswer(string name, IReadOnlyList<string> header, IAsyncEnumerable<IReadOnlyList<string?>> rows) : IResult
{
    /// <summary>The media type.</summary>
    public const string MediaType = "text/csv";

    private static readonly System.Buffers.SearchValues<char> Special = System.Buffers.SearchValues.Create(",\"\r\n;\t");

    /// <summary>Characters that are collected before they go out.</summary>
    private const int AtOnce = 32_768;

    /// <summary>True when the caller asks for CSV instead of JSON.</summary>
    public static bool IsWanted(HttpRequest request) => request.Headers.Accept.Any(each => each?.Contains(MediaType, StringComparison.OrdinalIgnoreCase) is true);

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext context)
    {
        context.Response.ContentType = $"{MediaType}; charset=utf-8";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{name}\"";
        var text = new StringBuilder();
        Write(text, header);
        await foreach (var row in rows.WithCancellation(context.RequestAborted))
        {
            Write(text, row);
            if (text.Length >= AtOnce) await FlushAsync(context, text);
        }

        await FlushAsync(context, text);
    }

    private static async Task FlushAsync(HttpContext context, StringBuilder text)
    {
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), context.RequestAborted);
        text.Clear();
    }

    private static void Write(StringBuilder text, IReadOnlyList<string?> values)
    {
        for (var i = 0; i < values.Count; i++)
        {
            if (i > 0) text.Append(',');
            var value = values[i] ?? "";
            if (value.AsSpan().ContainsAny(Special) || value.StartsWith(' ') || value.EndsWith(' ')) text.Append('"').Append(value.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
            else text.Append(value);
        }

        text.Append("\r\n");
    }
}
