using System.Net.Sockets;
using System.Security.Authentication;
using Nightmail.Core.Scheduling;

namespace Nightmail.Cli.Remote;

/// <summary>Says in one line why a server did not answer, and what to do.</summary>
internal static class ServerTrouble
{
    /// <summary>No answer came.</summary>
    /// <param name="failed">What happened.</param>
    /// <param name="address">The server.</param>
    /// <param name="asked">What it may have been asked; null: nothing got there.</param>
    public static CommandFailure Unanswered(HttpRequestException failed, ServerAddress address, ServerRequest? asked)
    {
        if (failed.InnerException is AuthenticationException tls || failed.HttpRequestError == HttpRequestError.SecureConnectionError)
            return new(ExitCodes.Unavailable, $"the server at {address.Text} cannot be trusted or speaks no TLS ({Reason(failed)}); nothing was sent. For a certificate of your own, name its authority in SSL_CERT_FILE");
        if (asked is not null && asked.Method != HttpMethod.Get) return Lost(address, asked, Reason(failed));
        return failed.HttpRequestError == HttpRequestError.NameResolutionError
            ? new(ExitCodes.Unavailable, $"there is no machine {address.Url.Host} ({Reason(failed)}); look at {address.Origin}")
            : new(ExitCodes.Unavailable, $"no server answers at {address.Text} ({Reason(failed)}); is it running? nightmail serve starts one; look at {address.Origin}");
    }

    /// <summary>The answer took too long.</summary>
    public static CommandFailure TooSlow(ServerAddress address, TimeSpan patience, ServerRequest asked) =>
        asked.Method == HttpMethod.Get
            ? new(ExitCodes.TryAgain, $"the server at {address.Text} has not answered within {TimeWords.Length(patience)}; try again, or set server.timeout in the configuration")
            : Lost(address, asked, $"none came within {TimeWords.Length(patience)}");

    private static CommandFailure Lost(ServerAddress address, ServerRequest asked, string reason) => new(
        ExitCodes.TryAgain,
        $"the answer of the server at {address.Text} was lost ({reason}): it may have been done; {asked.WhenLost ?? "look, and say it again if not"}");

    private static string Reason(HttpRequestException failed)
    {
        for (Exception? inner = failed; inner is not null; inner = inner.InnerException)
        {
            if (inner is SocketException socket) return socket.SocketErrorCode switch { SocketError.ConnectionRefused => "connection refused", SocketError.TimedOut => "no answer", var code => code.ToString() };
            if (inner is AuthenticationException tls) return tls.Message.TrimEnd('.');
        }

        return failed.HttpRequestError switch
        {
            HttpRequestError.ResponseEnded => "the connection was cut",
            HttpRequestError.ConnectionError => "no connection",
            _ => failed.Message.TrimEnd('.'),
        };
    }
}
