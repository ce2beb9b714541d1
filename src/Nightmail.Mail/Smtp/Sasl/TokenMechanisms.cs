using System.Text;
using System.Text.Json;

namespace Nightmail.Mail.Smtp.Sasl;

/// <summary>XOAUTH2, as Google and Microsoft speak it: an access token in place of a password.</summary>
internal sealed class XOAuth2Mechanism(string username, string token) : SaslMechanism
{
    private string? hint;

    /// <inheritdoc/>
    public override byte[] Initial => Utf8($"user={username}\u0001auth=Bearer {token}\u0001\u0001");

    /// <inheritdoc/>
    public override string? Hint => hint;

    /// <summary>A challenge here is the reason for a no that follows an empty answer.</summary>
    public override byte[] Respond(ReadOnlySpan<byte> challenge)
    {
        hint = TokenRefusal.Read(challenge);
        return [];
    }
}

/// <summary>OAUTHBEARER (RFC 7628).</summary>
internal sealed class OAuthBearerMechanism(string username, string token, string host, int port) : SaslMechanism
{
    private string? hint;

    /// <inheritdoc/>
    public override byte[] Initial =>
        Utf8($"n,a={username.Replace("=", "=3D", StringComparison.Ordinal).Replace(",", "=2C", StringComparison.Ordinal)},\u0001host={host}\u0001port={port}\u0001auth=Bearer {token}\u0001\u0001");

    /// <inheritdoc/>
    public override string? Hint => hint;

    /// <summary>A challenge here is the reason for a no that follows a lone separator (3.2.3).</summary>
    public override byte[] Respond(ReadOnlySpan<byte> challenge)
    {
        hint = TokenRefusal.Read(challenge);
        return [0x01];
    }
}

/// <summary>What a server says about a token it does not take: JSON with a status.</summary>
internal static class TokenRefusal
{
    /// <summary>Longest status that is worth repeating.</summary>
    private const int MaxStatus = 60;

    /// <summary>The status in words, or null. Nothing else of it is repeated: it may quote what it was sent.</summary>
    public static string? Read(ReadOnlySpan<byte> challenge)
    {
        try
        {
            using var refusal = JsonDocument.Parse(challenge.ToArray());
            if (refusal.RootElement.ValueKind != JsonValueKind.Object || !refusal.RootElement.TryGetProperty("status", out var status)) return null;
            var text = status.ValueKind == JsonValueKind.String ? status.GetString()! : status.GetRawText();
            return text.Length is > 0 and <= MaxStatus && Ascii.IsValid(text) && !text.Any(char.IsControl) ? $"status {text}" : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
