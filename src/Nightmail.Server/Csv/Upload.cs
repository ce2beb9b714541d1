using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Nightmail.Server.Api;
using Nightmail.Server.Security;

namespace Nightmail.Server.Csv;

/// <summary>A file in the body of a request. It is kept in the data folder until it is worked through, so that it can be read twice: once to see whether it is whole.</summary>
internal static class Upload
{
    /// <summary>The largest file: five million recipients with a few variables.</summary>
    public const long MostBytes = 2_000_000_000;

    /// <summary>What a route that takes one says about its size.</summary>
    public static RequestSizeLimitAttribute SizeLimit { get; } = new(MostBytes);

    /// <summary>Which of the media types the body has.</summary>
    /// <exception cref="ApiProblem">415: none.</exception>
    public static string TypeOf(HttpRequest request, params string[] types) =>
        types.FirstOrDefault(type => request.ContentType?.StartsWith(type, StringComparison.OrdinalIgnoreCase) is true)
        ?? throw new ApiProblem(StatusCodes.Status415UnsupportedMediaType, "Unsupported media type", $"send {string.Join(" or ", types)}");

    /// <summary>Removes what a process that died has left behind: one process owns the folder, and that is us.</summary>
    public static void RemoveLeftovers(string folder)
    {
        foreach (var leftover in Directory.EnumerateFiles(folder, "import-*.tmp")) File.Delete(leftover);
    }

    /// <summary>Does something with the file, which is gone when this returns.</summary>
    public static async Task<T> WithAsync<T>(HttpRequest request, ServerOptions options, Func<string, Task<T>> work, CancellationToken cancellationToken)
    {
        var path = Path.Combine(options.Folder, $"import-{Guid.NewGuid():N}.tmp");
        try
        {
            await using (var file = PrivateFile.Create(path))
                await request.Body.CopyToAsync(file, cancellationToken);
            return await work(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
