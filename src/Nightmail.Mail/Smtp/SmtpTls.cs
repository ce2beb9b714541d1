using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Nightmail.Core.Delivery;

namespace Nightmail.Mail.Smtp;

/// <summary>The handshake, and what was wrong with a certificate in words.</summary>
internal static class SmtpTls
{
    /// <summary>Puts TLS over the channel.</summary>
    /// <param name="channel">The conversation.</param>
    /// <param name="host">The name that the certificate must be for.</param>
    /// <param name="checkCertificate">False takes any.</param>
    /// <param name="trusted">Authorities to trust instead of the machine's; null: the machine's.</param>
    /// <exception cref="ConversationBrokenException">It failed, or the certificate cannot be trusted.</exception>
    public static async Task ProtectAsync(SmtpChannel channel, string host, bool checkCertificate, X509Certificate2Collection? trusted)
    {
        channel.Phase = SmtpPhase.Tls;
        string? objection = null;
        var stream = new SslStream(channel.BeginTls(), leaveInnerStreamOpen: false);
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = host,
            CertificateChainPolicy = trusted is null ? null : Policy(trusted),
            // Not weaker than the default: it only keeps the reason, unless the account takes any certificate and says so in its name.
#pragma warning disable MA0039
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
#pragma warning restore MA0039
            {
                if (errors == SslPolicyErrors.None || !checkCertificate) return true;
                objection = Objection(host, certificate, chain, errors);
                return false;
            },
        };
        channel.Arm(SmtpTimeLimits.Handshake);
        try
        {
            await stream.AuthenticateAsClientAsync(options);
        }
        catch (AuthenticationException refused)
        {
            await stream.DisposeAsync();
            throw channel.Broken(AccountFaultReason.Tls, objection ?? $"no TLS with this server: {OneLine(refused)}");
        }
        catch (Exception lost) when (SmtpChannel.IsLoss(lost))
        {
            await stream.DisposeAsync();
            var broken = channel.Broken(lost);
            throw channel.IsAborted ? broken : channel.Broken(AccountFaultReason.Tls, $"no TLS with this server: {OneLine(lost)}");
        }

        channel.UpgradeTo(stream);
    }

    private static X509ChainPolicy Policy(X509Certificate2Collection trusted)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(trusted);
        return policy;
    }

    private static string Objection(string host, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable)) return "the server showed no certificate";
        var reasons = new List<string>();
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)) reasons.Add($"it is not for {host}");
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
            reasons.AddRange(chain?.ChainStatus.Select(status => Words(status.Status)).Distinct() ?? ["its chain cannot be checked"]);
        return $"the certificate of the server cannot be trusted: {string.Join("; ", reasons)}";
    }

    private static string Words(X509ChainStatusFlags status) => status switch
    {
        X509ChainStatusFlags.NotTimeValid => "it has expired or is not valid yet",
        X509ChainStatusFlags.UntrustedRoot or X509ChainStatusFlags.PartialChain => "its authority is not known here",
        X509ChainStatusFlags.Revoked => "it was revoked",
        _ => status.ToString(),
    };

    private static string OneLine(Exception exception) => (exception.InnerException ?? exception).Message.ReplaceLineEndings(" ");
}
