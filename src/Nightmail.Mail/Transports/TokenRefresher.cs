using System.Net;
using System.Text.Json;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;

namespace Nightmail.Mail.Transports;

/// <summary>Fetches OAuth2 access tokens with a refresh token (RFC 6749 6). Neither it nor what it fetches is in any words.</summary>
internal sealed class TokenRefresher(SecretReader secrets, TimeProvider time)
{
    /// <summary>How long a token endpoint may take. Its work is a look-up; the server waits for our login meanwhile.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>How long others may use the same refresh token before us: two of them that reach their <see cref="Limit"/>.</summary>
    public static readonly TimeSpan TurnLimit = 2 * Limit;

    /// <summary>Largest answer. A token has a few thousand characters.</summary>
    private const int MaxAnswer = 256 * 1_024;

    /// <summary>The newest refresh tokens by the one that was configured; a provider may replace it at every use (RFC 6749 10.4).</summary>
    private readonly Dictionary<string, string> successors = [];

    /// <summary>An access token, or one line that says why there is none and what to do.</summary>
    public async Task<SecretResult> FetchAsync(SecretSource.Refresh source, CancellationToken cancellationToken)
    {
        var host = source.TokenEndpoint.Authority;
        if (source.TokenEndpoint.Scheme != Uri.UriSchemeHttps && !source.TokenEndpoint.IsLoopback)
            return new(null, $"the token endpoint {host} would get the refresh token in the clear, so nothing was sent; use https");
        var secret = source.ClientSecret is null ? default : await secrets.ReadAsync(source.ClientSecret, cancellationToken);
        if (secret.Error is not null) return secret with { Error = $"no client secret: {secret.Error}" };
        if (source.RefreshToken is not SecretSource.File(var path)) return await ExchangeAsync(source, secret.Value, cancellationToken);

        using var turn = await RefreshTokenLock.TakeAsync(path, TurnLimit, time, cancellationToken);
        return turn is null
            ? Failed($"others have been using the refresh token of client {source.ClientId} for {TurnLimit.TotalSeconds:0} s", AccountFaultReason.Network)
            : await ExchangeAsync(source, secret.Value, cancellationToken);
    }

    /// <summary>Reads the refresh token, which nobody else uses now, and uses it.</summary>
    private async Task<SecretResult> ExchangeAsync(SecretSource.Refresh source, string? clientSecret, CancellationToken cancellationToken)
    {
        var host = source.TokenEndpoint.Authority;
        var configured = await secrets.ReadAsync(source.RefreshToken, cancellationToken);
        if (configured.Value is not { } known) return configured with { Error = $"no refresh token: {configured.Error}" };
        var form = new Dictionary<string, string>
        {
            ["grant_type"] = "refresh_token",
            ["refresh_token"] = successors.GetValueOrDefault(known, known),
            ["client_id"] = source.ClientId,
        };
        if (clientSecret is not null) form["client_secret"] = clientSecret;
        if (source.Scope is not null) form["scope"] = source.Scope;
        using var limit = new CancellationTokenSource(Limit, time);
        try
        {
            var (status, body) = await PostAsync(source.TokenEndpoint, form, limit, cancellationToken);
            if (status != HttpStatusCode.OK && Fields(body).GetValueOrDefault("error") == "invalid_grant"
                && (await secrets.ReadAsync(source.RefreshToken, cancellationToken)).Value is { } other && other != known)
            {
                // A person, or another program, has stored a newer one since.
                known = other;
                form["refresh_token"] = successors.GetValueOrDefault(other, other);
                (status, body) = await PostAsync(source.TokenEndpoint, form, limit, cancellationToken);
            }

            return Read(source, known, form, status, body);
        }
        catch (HttpRequestException unreachable)
        {
            return Failed($"the token endpoint {host} cannot be reached: {(unreachable.InnerException ?? unreachable).Message.ReplaceLineEndings(" ")}", AccountFaultReason.Network);
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return Failed($"the token endpoint {host} did not answer within {Limit.TotalSeconds:0} s", AccountFaultReason.Network);
        }
    }

    private static async Task<(HttpStatusCode Status, string Body)> PostAsync(Uri endpoint, Dictionary<string, string> form, CancellationTokenSource limit, CancellationToken cancellationToken)
    {
        // A token is fetched once an hour: a connection of its own is no cost. A redirect would carry the secret to somebody else.
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false };
        using var client = new HttpClient(handler) { MaxResponseContentBufferSize = MaxAnswer, Timeout = Timeout.InfiniteTimeSpan };
        await using var giveUp = cancellationToken.UnsafeRegister(static limit => ((CancellationTokenSource)limit!).Cancel(), limit);
        using var content = new UnrepeatableForm(form, giveUp);
        using var response = await client.PostAsync(endpoint, content, limit.Token);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(limit.Token));
    }

    private SecretResult Read(SecretSource.Refresh source, string configured, Dictionary<string, string> form, HttpStatusCode status, string body)
    {
        var host = source.TokenEndpoint.Authority;
        var fields = Fields(body);
        if (status == HttpStatusCode.OK && fields.GetValueOrDefault("access_token") is { Length: > 0 } token)
        {
            var isReplaced = fields.GetValueOrDefault("refresh_token") is { Length: > 0 } given && given != form["refresh_token"];
            var warning = isReplaced && Keep(source.RefreshToken, configured, fields["refresh_token"]) is { } why
                ? $"{host} has replaced the refresh token of client {source.ClientId}, and {why}"
                : null;
            return new(token, null) { Warning = warning, Lifetime = long.TryParse(fields.GetValueOrDefault("expires_in"), out var seconds) && seconds is > 0 and < int.MaxValue ? TimeSpan.FromSeconds(seconds) : null };
        }

        var error = Hidden(fields.GetValueOrDefault("error") ?? "", form);
        var said = Hidden(fields.GetValueOrDefault("error_description") ?? "", form);
        var words = $"{(int)status} {error}{(said.Length > 0 ? $": {said}" : "")}".TrimEnd();
        return error switch
        {
            "invalid_grant" => Failed($"{host} takes the refresh token no more ({words}): log in to it again as client {source.ClientId} and store the new refresh token", AccountFaultReason.Auth),
            "invalid_client" or "unauthorized_client" => Failed($"{host} does not take the client {source.ClientId} or its secret ({words})", AccountFaultReason.Auth),
            _ when (int)status is 429 or >= 500 => Failed($"the token endpoint {host} cannot help now ({words})", AccountFaultReason.Network),
            _ => Failed($"the token endpoint {host} gives no token ({words})", AccountFaultReason.Configuration),
        };
    }

    /// <summary>
    /// A refresh token that was replaced may be void at once, so its file gets the new one, whoever gives up waiting; from elsewhere it is known until
    /// we end.
    /// </summary>
    /// <returns>What is wrong with how it is kept, and what to do; null: nothing.</returns>
    private string? Keep(SecretSource source, string configured, string successor)
    {
        const string again = ": log in to it again when this process has ended";
        successors[configured] = successor;
        if (source is not SecretSource.File(var named)) return "it is not kept in a file, so the new one cannot be stored" + again;
        var path = RefreshTokenLock.Behind(named);
        try
        {
            Write(path, successor);
            successors.Remove(configured);
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
        {
            return $"the new one cannot be stored: {unwritable.Message.ReplaceLineEndings(" ")}{again}";
        }

        try
        {
            FolderSync.Flush(Path.GetDirectoryName(Path.GetFullPath(path))!);
            return null;
        }
        catch (IOException unsafeYet)
        {
            return $"the new one stands in its file but may not outlast a power cut: {unsafeYet.Message}";
        }
    }

    /// <summary>Replaces the file whole or not at all; only its owner may read it.</summary>
    private static void Write(string path, string token)
    {
        var temporary = $"{path}.{Environment.ProcessId}.new";
        // One that a killed process left may be open to others.
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(temporary, options);
        try
        {
            file.Write(System.Text.Encoding.UTF8.GetBytes(token + "\n"));
            file.Flush(flushToDisk: true);
            file.Dispose();
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            // It holds a secret. Once it has been moved there is nothing here any more.
            File.Delete(temporary);
        }
    }

    /// <summary>The texts and numbers of the answer's outermost object; none where it is no JSON object.</summary>
    private static Dictionary<string, string> Fields(string body)
    {
        try
        {
            using var answer = JsonDocument.Parse(body);
            if (answer.RootElement.ValueKind != JsonValueKind.Object) return [];
            return answer.RootElement.EnumerateObject()
                .Where(field => field.Value.ValueKind is JsonValueKind.String or JsonValueKind.Number)
                .DistinctBy(field => field.Name)
                .ToDictionary(field => field.Name, field => field.Value.ToString());
        }
        catch (JsonException)
        {
            return [];
        }
    }

    /// <summary>One line of what the endpoint says, without anything that it was sent.</summary>
    private static string Hidden(string text, Dictionary<string, string> form)
    {
        foreach (var name in (string[])["refresh_token", "client_secret"])
        {
            if (form.GetValueOrDefault(name) is { } value) text = text.Replace(value, "***", StringComparison.Ordinal);
        }

        var line = string.Concat(text.Select(letter => char.IsControl(letter) ? ' ' : letter)).Trim();
        return line.Length > 200 ? line[..200] : line;
    }

    private static SecretResult Failed(string words, AccountFaultReason reason) => new(null, words) { Reason = reason };

    /// <summary>Whoever gives up once it is sent still waits for the answer: it may hold the only refresh token that is good from then on.</summary>
    private sealed class UnrepeatableForm(Dictionary<string, string> form, CancellationTokenRegistration giveUp) : FormUrlEncodedContent(form)
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            giveUp.Unregister();
            return base.SerializeToStreamAsync(stream, context, cancellationToken);
        }
    }
}
