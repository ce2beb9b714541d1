using System.Security.Cryptography;
using System.Text;

namespace Nightmail.Server.Security;

/// <summary>Encrypts the secrets of accounts with a key that lies in a file of its own, so that neither database nor backup holds them in the clear.</summary>
internal sealed class SecretBox(byte[] key)
{
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    /// <summary>The box of a data folder; its key is made where it is missing.</summary>
    public static SecretBox Open(string folder)
    {
        var path = Path.Combine(folder, "secret-key");
        if (PrivateFile.Read(path) is { } kept)
            return kept.Length == KeyBytes ? new(kept) : throw new InvalidOperationException($"{path} is damaged: it has {kept.Length} bytes instead of {KeyBytes}; bring it back from where you keep it, or delete it and give all accounts their passwords again");
        var key = RandomNumberGenerator.GetBytes(KeyBytes);
        PrivateFile.Write(path, key);
        return new(key);
    }

    /// <summary>Encrypts a secret for one owner; under another owner's name it cannot be read.</summary>
    public byte[] Seal(string owner, string secret)
    {
        var plain = Encoding.UTF8.GetBytes(secret);
        var box = new byte[NonceBytes + TagBytes + plain.Length];
        var nonce = box.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = new AesGcm(key, TagBytes);
        cipher.Encrypt(nonce, plain, box.AsSpan(NonceBytes + TagBytes), box.AsSpan(NonceBytes, TagBytes), Encoding.UTF8.GetBytes(owner));
        return box;
    }

    /// <summary>Begins a hash that only this server can make, so that nobody can try words against it.</summary>
    public IncrementalHash NewMark() => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);

    /// <summary>The secret; null when it was sealed with another key or for another owner.</summary>
    public string? TryOpen(string owner, byte[] box)
    {
        if (box.Length < NonceBytes + TagBytes) return null;
        var plain = new byte[box.Length - NonceBytes - TagBytes];
        using var cipher = new AesGcm(key, TagBytes);
        try
        {
            cipher.Decrypt(box.AsSpan(0, NonceBytes), box.AsSpan(NonceBytes + TagBytes), box.AsSpan(NonceBytes, TagBytes), plain, Encoding.UTF8.GetBytes(owner));
            return Encoding.UTF8.GetString(plain);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }
}
