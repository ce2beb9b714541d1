using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Nightmail.Server.Security;

/// <summary>
/// Links with which a person's browser is let in, once each. Their hashes and ends lie in a file of the data folder that nobody else can read; the
/// links themselves are kept nowhere.
/// </summary>
internal sealed class LoginLinks(string folder, TimeProvider time)
{
    /// <summary>Long enough to go to another room; the link of the first start waits for whoever reads the log.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    /// <summary>How long the link of the first start can be used.</summary>
    public static readonly TimeSpan FirstLifetime = TimeSpan.FromHours(24);

    /// <summary>Links that wait at once; the oldest goes when there would be more.</summary>
    private const int MostWaiting = 20;

    private const int TokenBytes = 32;
    private readonly Lock gate = new();

    private string FilePath => Path.Combine(folder, "login-links");

    /// <summary>Makes a link's token.</summary>
    /// <returns>The token, which nobody can find out again, and when it ends.</returns>
    public (string Token, DateTimeOffset Until) Create(TimeSpan lifetime)
    {
        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes));
        var until = time.GetUtcNow() + lifetime;
        lock (gate)
        {
            var waiting = Read_NeedsGate();
            waiting.Add((Hash(token), until));
            Write_NeedsGate(waiting.TakeLast(MostWaiting));
        }

        return (token, until);
    }

    /// <summary>True once for a token that waits and has not ended: when this returns it is used up, also after a crash.</summary>
    public bool TryUse(string token)
    {
        var hash = Encoding.ASCII.GetBytes(Hash(token));
        lock (gate)
        {
            var waiting = Read_NeedsGate();
            var found = -1;
            for (var i = 0; i < waiting.Count; i++)
                if (CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(waiting[i].Hash), hash)) found = i;
            if (found < 0) return false;
            waiting.RemoveAt(found);
            Write_NeedsGate(waiting);
            return true;
        }
    }

    private List<(string Hash, DateTimeOffset Until)> Read_NeedsGate()
    {
        var text = PrivateFile.Read(FilePath) is { } bytes ? Encoding.ASCII.GetString(bytes) : "";
        var now = time.GetUtcNow();
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).Where(parts => parts.Length == 2 && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out _))
            .Select(parts => (Hash: parts[0], Until: DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(parts[1], CultureInfo.InvariantCulture)))).Where(link => link.Until > now)];
    }

    private void Write_NeedsGate(IEnumerable<(string Hash, DateTimeOffset Until)> links) =>
        PrivateFile.Write(FilePath, Encoding.ASCII.GetBytes(string.Concat(links.Select(link => string.Create(CultureInfo.InvariantCulture, $"{link.Hash} {link.Until.ToUnixTimeMilliseconds()}\n")))));

    private static string Hash(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}
