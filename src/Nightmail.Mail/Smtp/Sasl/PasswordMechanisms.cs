using System.Security.Cryptography;
using System.Text;

namespace Nightmail.Mail.Smtp.Sasl;

/// <summary>PLAIN (RFC 4616): everything in one response.</summary>
internal sealed class PlainMechanism(string username, string password) : SaslMechanism
{
    /// <inheritdoc/>
    public override byte[] Initial => Utf8($"\0{username}\0{password}");

    /// <inheritdoc/>
    public override byte[] Respond(ReadOnlySpan<byte> challenge) => throw new SaslException("the server asks for more than PLAIN has");
}

/// <summary>LOGIN (draft-murchison-sasl-login): the name, then the password. The prompts are nobody's standard, so they are not read.</summary>
internal sealed class LoginMechanism(string username, string password) : SaslMechanism
{
    private int asked;

    /// <inheritdoc/>
    public override byte[] Respond(ReadOnlySpan<byte> challenge) => asked++ switch
    {
        0 => Utf8(username),
        1 => Utf8(password),
        _ => throw new SaslException("the server asks for more than name and password"),
    };
}

/// <summary>CRAM-MD5 (RFC 2195): for servers that have nothing better. It hides the password on the wire and proves nothing of the server.</summary>
internal sealed class CramMd5Mechanism(string username, string password) : SaslMechanism
{
    private bool answered;

    /// <inheritdoc/>
    public override byte[] Respond(ReadOnlySpan<byte> challenge)
    {
        if (answered || challenge.Length == 0) throw new SaslException("the server's challenge for CRAM-MD5 is none");
        answered = true;
#pragma warning disable CA5351 // The mechanism is what it is; it is the last of those that are chosen.
        var digest = HMACMD5.HashData(Encoding.UTF8.GetBytes(password), challenge);
#pragma warning restore CA5351
        return Utf8($"{username} {Convert.ToHexStringLower(digest)}");
    }
}
