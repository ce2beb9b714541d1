using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Nightmail.Testing.Smtp;

/// <summary>A self-made certificate for <c>localhost</c> and 127.0.0.1, its own authority, good for a few days around the given moment.</summary>
public sealed class TestCertificate : IDisposable
{
    /// <summary>Makes one.</summary>
    /// <param name="now">The moment it must be valid at.</param>
    /// <param name="hosts">The names it is for; none: <c>localhost</c>.</param>
    public TestCertificate(DateTimeOffset now, params string[] hosts)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=nightmail test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts.Length == 0 ? ["localhost"] : hosts) names.AddDnsName(host);
        if (hosts.Length == 0) names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var fresh = request.CreateSelfSigned(now.AddDays(-2), now.AddDays(2));
        CertificatePem = fresh.ExportCertificatePem();
        KeyPem = key.ExportPkcs8PrivateKeyPem();
        Certificate = X509Certificate2.CreateFromPem(CertificatePem, KeyPem);
    }

    /// <summary>The certificate with its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>The certificate as PEM.</summary>
    public string CertificatePem { get; }

    /// <summary>The key as PEM.</summary>
    public string KeyPem { get; }

    /// <inheritdoc/>
    public void Dispose() => Certificate.Dispose();
}
