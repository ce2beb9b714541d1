using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Nightmail.Server.Security;

/// <summary>
/// What a browser that was let in carries. It holds its own end and the generation of sessions that it belongs to, sealed with the key of the data folder, so that nothing about it has to be kept
/// and every server of a house knows it. No script can read it, and no other site can have it sent.
/// </summary>
internal sealed class SessionCookie(SecretBox secrets, SessionGeneration generation, ServerOptions options, TimeProvider time)
{
    /// <summary>The cookie's name.</summary>
    public const string Name = "nightmail_session";

    /// <summary>The header in which a page proves that it is ours when it changes something: what <c>GET /api/session</c> gave.</summary>
    public const string AntiforgeryHeader = "X-Antiforgery";

    /// <summary>A working day and its evening.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    private const string Owner = "browser session";
    private const int NonceBytes = 16;

    /// <summary>Lets the browser in.</summary>
    public async Task GiveAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var until = time.GetUtcNow() + Lifetime;
        var present = await generation.PresentAsync(cancellationToken);
        var plain = string.Create(CultureInfo.InvariantCulture, $"{until.ToUnixTimeSeconds()} {present} {Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(NonceBytes))}");
        context.Response.Cookies.Append(Name, Base64Url.EncodeToString(secrets.Seal(Owner, plain)), Options(context, Lifetime));
    }

    /// <summary>Has the browser forget it.</summary>
    public void Take(HttpContext context) => context.Response.Cookies.Delete(Name, Options(context, null));

    /// <summary>When the session of the request ends; null: it has none that counts.</summary>
    public async ValueTask<DateTimeOffset?> UntilOfAsync(HttpContext context)
    {
        if (context.Request.Cookies[Name] is not { Length: > 0 and < 1000 } cookie || !Base64Url.IsValid(cookie)) return null;
        if (secrets.TryOpen(Owner, Base64Url.DecodeFromChars(cookie)) is not { } plain || plain.Split(' ') is not [var end, var number, _]) return null;
        if (!long.TryParse(end, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var its)) return null;
        if (its != await generation.PresentAsync(context.RequestAborted)) return null;
        var until = DateTimeOffset.FromUnixTimeSeconds(seconds);
        return until > time.GetUtcNow() ? until : null;
    }

    /// <summary>What a page of this session has to send along when it changes something. Only whoever may read our answers can know it.</summary>
    public static string AntiforgeryOf(HttpContext context) =>
        Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes($"antiforgery {context.Request.Cookies[Name]}")));

    /// <summary>True when the request only looks, or proves that a page of ours sent it.</summary>
    public static bool IsOurPage(HttpContext context) =>
        HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method)
        || CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(context.Request.Headers[AntiforgeryHeader].ToString()), Encoding.UTF8.GetBytes(AntiforgeryOf(context)));

    private CookieOptions Options(HttpContext context, TimeSpan? lasts) => new()
    {
        HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/", MaxAge = lasts, IsEssential = true,
        // On this machine alone a browser talks plain http to us; everywhere else it never may.
        Secure = context.Request.IsHttps || options.BehindProxy,
    };
}
