using Nightmail.Core.Accounts;
using Nightmail.Mail.Transports;

namespace Nightmail.Mail.Smtp;

/// <summary>The password or access token of one account: read once for many connections, because its command may ask a person or a slow keyring.</summary>
internal sealed class LoginSecret(SmtpLogin login, TimeProvider time) : IDisposable
{
    /// <summary>How long a token that does not say how long it is good for is kept. Whoever keeps tokens hands out none that end sooner.</summary>
    public static readonly TimeSpan TokenKept = TimeSpan.FromMinutes(5);

    /// <summary>A token that ends within this is renewed first: the login it is for may take so long.</summary>
    public static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    private readonly SecretReader secrets = new(time);
    private readonly SemaphoreSlim reading = new(1);
    private string? known;
    private long readAt;
    private TimeSpan? goodFor;

    /// <summary>The secret, and whether it was kept from an earlier login.</summary>
    public async ValueTask<(SecretResult Secret, bool Kept)> GetAsync(CancellationToken cancellationToken)
    {
        await reading.WaitAsync(cancellationToken);
        try
        {
            if (known is { } kept && (goodFor is not { } limit || time.GetElapsedTime(readAt) < limit)) return (new(kept, null), true);
            var secret = await secrets.ReadAsync(login.Password, cancellationToken);
            known = secret.Value;
            readAt = time.GetTimestamp();
            // A password is good until it is refused.
            goodFor = secret.Lifetime is { } lifetime ? lifetime - Margin : login.IsToken ? TokenKept : null;
            return (secret, false);
        }
        finally
        {
            reading.Release();
        }
    }

    /// <summary>The server does not take this one; the next login reads it anew.</summary>
    public void Forget(string refused) => Interlocked.CompareExchange(ref known, null, known == refused ? known : null);

    /// <inheritdoc/>
    public void Dispose() => reading.Dispose();
}
