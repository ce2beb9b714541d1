using Microsoft.AspNetCore.Http;

namespace Nightmail.Server.Api;

/// <summary>
/// Lets few large JSON bodies in at a time: each takes several times its size in memory until it is answered, and whoever sends dozens of
/// them at once must not fill the machine's. The others wait their turn, unread. Files are not meant: they go to disk as they come.
/// </summary>
internal sealed class LargeBodies : IDisposable
{
    /// <summary>Larger than this is large: thousands of recipients.</summary>
    public const long Large = 1_000_000;

    /// <summary>Large bodies at once: with the largest that are taken, about 250 MB.</summary>
    public const int AtOnce = 2;

    private readonly SemaphoreSlim room = new(AtOnce, AtOnce);

    /// <summary>Goes on at once, or when there is room.</summary>
    public async Task RunAsync(HttpContext context, RequestDelegate next)
    {
        // One that does not say its length may have any.
        var isLarge = context.Request.HasJsonContentType() && (context.Request.ContentLength ?? (context.Request.Headers.TransferEncoding.Count > 0 ? long.MaxValue : 0)) > Large;
        if (!isLarge)
        {
            await next(context);
            return;
        }

        await room.WaitAsync(context.RequestAborted);
        try
        {
            await next(context);
        }
        finally
        {
            room.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => room.Dispose();
}
