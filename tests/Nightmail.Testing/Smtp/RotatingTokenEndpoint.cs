namespace Nightmail.Testing.Smtp;

/// <summary>
/// A token endpoint that replaces the refresh token at every use and, when one comes that it has replaced, takes that for theft and
/// takes none any more (RFC 9700 4.14.2): what careful providers do.
/// </summary>
public sealed class RotatingTokenEndpoint : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly TokenEndpoint endpoint;
    private int uses;

    /// <summary>Starts one.</summary>
    /// <param name="beforeAnswer">Is waited for before each answer, with how many were asked for by then.</param>
    public RotatingTokenEndpoint(Func<int, Task>? beforeAnswer = null) => endpoint = TokenEndpoint.Deciding(async form =>
    {
        var (use, answer) = Use(form["refresh_token"]);
        if (beforeAnswer is not null) await beforeAnswer(use);
        return answer;
    });

    /// <summary>Its address.</summary>
    public Uri Address => endpoint.Address;

    /// <summary>The refresh token that is good now.</summary>
    public string Current { get; private set; } = "r0";

    /// <summary>True once an old one came; then nothing helps but a new login by a person.</summary>
    public bool IsRevoked { get; private set; }

    /// <summary>How often it was asked.</summary>
    public int Uses => endpoint.Requests.Count;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => endpoint.DisposeAsync();

    /// <summary>A token is used when it arrives, whether its user hears of it or not.</summary>
    private (int Use, (int Status, string Body) Answer) Use(string token)
    {
        lock (gate)
        {
            uses++;
            IsRevoked |= token != Current;
            if (IsRevoked) return (uses, (400, """{"error":"invalid_grant","error_description":"token reuse"}"""));
            Current = $"r{uses}";
            return (uses, (200, $$"""{"access_token":"a{{uses}}","token_type":"Bearer","expires_in":3600,"refresh_token":"{{Current}}"}"""));
        }
    }
}
