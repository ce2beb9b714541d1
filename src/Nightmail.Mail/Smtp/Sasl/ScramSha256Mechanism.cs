using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Nightmail.Mail.Smtp.Sasl;

/// <summary>
/// SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding. The password does not travel, and a server that does not know it
/// cannot say "yes": its signature is checked.
/// </summary>
internal sealed class ScramSha256Mechanism : SaslMechanism
{
    /// <summary>RFC 7677 4: fewer rounds make the password easy to guess for whoever set the number.</summary>
    public const int FewestRounds = 4_096;

    /// <summary>About a second's work; a server that wants more only wants to keep us busy.</summary>
    public const int MostRounds = 2_000_000;

    /// <summary>No channel binding: "n,,", as the last message has to repeat it in base64.</summary>
    private const string NoBinding = "n,,";

    private readonly byte[] password;
    private readonly string nonce;
    private readonly string firstBare;
    private byte[] serverSignature = [];
    private int answers;
    private bool proved;

    /// <summary>A login with a nonce of its own.</summary>
    /// <exception cref="SaslException">Name or password hold what the mechanism has no way to say.</exception>
    public ScramSha256Mechanism(string username, string password)
        : this(username, password, Convert.ToBase64String(RandomNumberGenerator.GetBytes(18)))
    {
    }

    /// <summary>The same with a given nonce: printable ASCII without commas.</summary>
    internal ScramSha256Mechanism(string username, string password, string nonce)
    {
        this.nonce = nonce;
        this.password = Encoding.UTF8.GetBytes(Prepare(password));
        var name = Prepare(username).Replace("=", "=3D", StringComparison.Ordinal).Replace(",", "=2C", StringComparison.Ordinal);
        firstBare = $"n={name},r={nonce}";
    }

    /// <inheritdoc/>
    public override byte[] Initial => Utf8(NoBinding + firstBare);

    /// <inheritdoc/>
    public override bool IsProved => proved;

    /// <inheritdoc/>
    public override byte[] Respond(ReadOnlySpan<byte> challenge)
    {
        var text = Encoding.UTF8.GetString(challenge);
        return answers++ switch
        {
            0 => Proof(text),
            1 => Verify(text),
            _ => throw new SaslException("the server asks for more than SCRAM-SHA-256 has"),
        };
    }

    private byte[] Proof(string serverFirst)
    {
        var parts = serverFirst.Split(',');
        var serverNonce = Value(parts, 0, 'r');
        var rounds = int.TryParse(Value(parts, 2, 'i'), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
        if (!serverNonce.StartsWith(nonce, StringComparison.Ordinal) || serverNonce.Length == nonce.Length)
            throw new SaslException("the server's SCRAM-SHA-256 challenge does not answer ours");
        if (rounds is < FewestRounds or > MostRounds) throw new SaslException($"the server asks for {rounds} rounds of SCRAM-SHA-256; {FewestRounds} to {MostRounds} are taken");

        var salted = Rfc2898DeriveBytes.Pbkdf2(password, Bytes(Value(parts, 1, 's')), rounds, HashAlgorithmName.SHA256, SHA256.HashSizeInBytes);
        var withoutProof = $"c={Convert.ToBase64String(Encoding.ASCII.GetBytes(NoBinding))},r={serverNonce}";
        var transcript = Utf8($"{firstBare},{serverFirst},{withoutProof}");
        var clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        var proof = HMACSHA256.HashData(SHA256.HashData(clientKey), transcript);
        for (var i = 0; i < proof.Length; i++) proof[i] ^= clientKey[i];
        serverSignature = HMACSHA256.HashData(HMACSHA256.HashData(salted, "Server Key"u8), transcript);
        return Utf8($"{withoutProof},p={Convert.ToBase64String(proof)}");
    }

    private byte[] Verify(string serverFinal)
    {
        if (serverFinal.StartsWith("e=", StringComparison.Ordinal)) throw new SaslException($"the server ends SCRAM-SHA-256: {Printable(serverFinal[2..])}");
        if (!CryptographicOperations.FixedTimeEquals(Bytes(Value(serverFinal.Split(','), 0, 'v')), serverSignature))
            throw new SaslException("the server does not know the password: its SCRAM-SHA-256 signature is wrong, so it is not the server it says it is");
        proved = true;
        return [];
    }

    private static string Value(string[] parts, int index, char name) =>
        parts.Length > index && parts[index].Length > 2 && parts[index][0] == name && parts[index][1] == '='
            ? parts[index][2..]
            : throw new SaslException("the server's SCRAM-SHA-256 challenge cannot be read");

    private static byte[] Bytes(string base64) =>
        Base64.IsValid(base64) ? Convert.FromBase64String(base64) : throw new SaslException("the server's SCRAM-SHA-256 challenge cannot be read");

    private static string Printable(string text) => new([.. text.Take(100).Select(letter => letter is >= ' ' and <= '~' ? letter : '?')]);

    /// <summary>
    /// SASLprep (RFC 4013) without its compatibility composition, which the base library only has together with the system's tables of
    /// characters: other blanks become blanks, soft hyphens and joiners go, controls are refused.
    /// </summary>
    private static string Prepare(string text)
    {
        var mapped = new StringBuilder(text.Length);
        foreach (var letter in text)
        {
            if (char.IsControl(letter)) throw new SaslException("a control character can be part of no username or password") { Reason = Core.Delivery.AccountFaultReason.Configuration };
            if (letter is '\u00ad' or '\u034f' or '\u1806' or (>= '\u180b' and <= '\u180d') or (>= '\u200b' and <= '\u200d') or '\u2060' or (>= '\ufe00' and <= '\ufe0f') or '\ufeff') continue;
            mapped.Append(CharUnicodeInfo.GetUnicodeCategory(letter) == UnicodeCategory.SpaceSeparator ? ' ' : letter);
        }

        return mapped.ToString();
    }
}
