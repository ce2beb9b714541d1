using System.Net;

namespace Nightmail.Cli.Remote;

/// <summary>The address of a server that commands work on.</summary>
/// <param name="Url">Where it is, with a slash at its end.</param>
/// <param name="Origin">What named it: an option, a variable, a file.</param>
/// <param name="AllowsPlainHttp">True where a person takes it on themselves that key and emails cross a network in the clear.</param>
internal sealed record ServerAddress(Uri Url, string Origin, bool AllowsPlainHttp)
{
    /// <summary>What a new user may paste.</summary>
    public const string Usual = "http://127.0.0.1:8025";

    /// <summary>As people write it.</summary>
    public string Text => Url.ToString().TrimEnd('/');

    /// <summary>Reads an address.</summary>
    /// <exception cref="CommandFailure">It is none, or the key would cross a network in the clear.</exception>
    public static ServerAddress Read(string text, string origin, bool allowsPlainHttp)
    {
        if (!Uri.TryCreate(text.Trim(), UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.Host.Length == 0)
            throw CommandFailure.Usage($"{origin} '{text}' is no server's address; write for example {Usual} or https://mail.example.org");
        if (url.UserInfo.Length > 0) throw CommandFailure.Usage($"{origin} holds a name or password; a server takes a key: put it into NIGHTMAIL_API_KEY or a file that NIGHTMAIL_API_KEY_FILE names");
        if (url.Query.Length > 0 || url.Fragment.Length > 0) throw CommandFailure.Usage($"{origin} '{text}' has more than an address: leave away what follows '?' or '#'");
        var address = new ServerAddress(new(url.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/"), origin, allowsPlainHttp);
        return url.Scheme == "https" || IsLocal(url) || allowsPlainHttp ? address
            : throw CommandFailure.Refused($"{address.Text} is on another machine and has no TLS: key and emails would cross the network in the clear. Use https, or a tunnel (ssh -L 8025:127.0.0.1:8025 {url.Host}), or set \"server\": {{ \"allowPlainHttp\": true }} in the configuration if the network is yours alone");
    }

    /// <summary>True when both name the same place.</summary>
    public bool IsAt(string? text) => Uri.TryCreate(text?.Trim(), UriKind.Absolute, out var other) && new Uri(other.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/") == Url;

    private static bool IsLocal(Uri url) => url.Host == "localhost" || (IPAddress.TryParse(url.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));
}
