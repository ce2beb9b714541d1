using System.Security.Cryptography;
using System.Text;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Mail.Mime;

namespace Nightmail.Mail.Dkim;

/// <summary>
/// Signs messages (RFC 6376): rsa-sha256, relaxed/relaxed. The fields that readers look at are signed once more than they occur, so that
/// nobody can add another of them later.
/// </summary>
internal sealed class DkimSigner
{
    /// <summary>Signed once more than they occur.</summary>
    private static readonly string[] Oversigned = ["From", "Subject", "Date", "To", "Message-ID"];

    /// <summary>Signed where they occur; the rest changes on the way or means nothing to a reader.</summary>
    private static readonly string[] Signed =
    [
        "Cc", "Reply-To", "Sender", "In-Reply-To", "References", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
        "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id",
    ];

    /// <summary>Characters of a line of base64.</summary>
    private const int LineLength = 70;

    private readonly Lock gate = new();
    private readonly RSA key;
    private readonly DkimSettings settings;

    private DkimSigner(DkimSettings settings, RSA key) => (this.settings, this.key) = (settings, key);

    /// <summary>Reads the key.</summary>
    /// <exception cref="DkimKeyException">It cannot be used.</exception>
    public static DkimSigner Load(DkimSettings settings)
    {
        var key = RSA.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(settings.KeyFile));
            // RFC 8301 3.2: verifiers take no shorter one.
            if (key.KeySize < 1_024) throw new DkimKeyException($"the signing key {settings.KeyFile} has {key.KeySize} bits; 2048 are usual, and 1024 the least");
            _ = key.SignData([], HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            return new(settings, key);
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException or ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new DkimKeyException($"the signing key {settings.KeyFile} cannot be used: {(unusable is IOException or UnauthorizedAccessException ? unusable.Message : "it is no RSA private key in PEM")}");
        }
    }

    /// <summary>The field that goes in front of the message, with its line end.</summary>
    /// <exception cref="Core.Storage.StoreException">The message cannot be read.</exception>
    public async ValueTask<byte[]> SignAsync(IOutgoingMessage message, DateTimeOffset now, CancellationToken cancellationToken)
    {
        using var body = new RelaxedBody();
        await message.CopyToAsync(body, cancellationToken);
        var bodyHash = Convert.ToBase64String(body.Finish());
        var scanner = new HeaderScanner();
        scanner.Add(body.Header);
        var header = scanner.Finish();

        var names = Names(header);
        var unsigned = Field(now, bodyHash, names);
        // A character stands for a byte here, whatever the header's charset: what is signed is what travels.
        var signed = new StringBuilder();
        foreach (var field in Chosen(header, names)) signed.Append(RelaxedField(Encoding.Latin1.GetString(field.Raw.Span))).Append("\r\n");
        signed.Append(RelaxedField(unsigned));
        byte[] signature;
        // A key is not promised to be safe for several messages at once.
        lock (gate) signature = key.SignData(Encoding.Latin1.GetBytes(signed.ToString()), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return Encoding.UTF8.GetBytes($"{unsigned}{string.Join("\r\n\t", Convert.ToBase64String(signature).Chunk(LineLength).Select(piece => new string(piece)))}\r\n");
    }

    /// <summary>The names for h=, in order: each as often as it occurs, and the oversigned once more.</summary>
    private static List<string> Names(HeaderSection header) =>
        [.. Oversigned.SelectMany(name => Enumerable.Repeat(name, header.Named(name).Count() + 1)), .. Signed.SelectMany(name => Enumerable.Repeat(name, header.Named(name).Count()))];

    /// <summary>The fields that the names stand for, the last of each first (5.4.2); a name beyond the last field stands for nothing.</summary>
    private static IEnumerable<RawField> Chosen(HeaderSection header, List<string> names)
    {
        var left = header.Fields.GroupBy(field => field.Name, StringComparer.OrdinalIgnoreCase).ToDictionary(group => group.Key, group => new Stack<RawField>(group), StringComparer.OrdinalIgnoreCase);
        foreach (var name in names)
        {
            if (left.TryGetValue(name, out var fields) && fields.TryPop(out var field)) yield return field;
        }
    }

    private string Field(DateTimeOffset now, string bodyHash, List<string> names)
    {
        DomainName.TryToAscii(settings.Domain, out var domain);
        DomainName.TryToAscii(settings.Selector, out var selector);
        var lines = new List<string> { $"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s={selector};", $"t={now.ToUnixTimeSeconds()}; bh={bodyHash};" };
        var line = "h=";
        for (var i = 0; i < names.Count; i++)
        {
            var word = names[i] + (i + 1 < names.Count ? ":" : ";");
            if (line.Length + word.Length > LineLength)
            {
                lines.Add(line);
                line = "";
            }

            line += word;
        }

        return string.Join("\r\n\t", [.. lines, line, "b="]);
    }

    /// <summary>A field without its line end, as "relaxed" wants it (3.4.2).</summary>
    private static string RelaxedField(string field)
    {
        var colon = field.IndexOf(':', StringComparison.Ordinal);
        var value = new StringBuilder();
        foreach (var letter in field[(colon + 1)..].Replace("\r\n", "", StringComparison.Ordinal))
        {
            var blank = letter is ' ' or '\t';
            if (!blank) value.Append(letter);
            else if (value.Length > 0 && value[^1] != ' ') value.Append(' ');
        }

        return $"{field[..colon].TrimEnd(' ', '\t').ToLowerInvariant()}:{value.ToString().TrimEnd(' ')}";
    }
}

/// <summary>A signing key that cannot be used; one line that says why.</summary>
internal sealed class DkimKeyException(string words) : Exception(words);
