using Nightmail.Core.Scheduling;

namespace Nightmail.Cli.Remote;

/// <summary>Says in one line why a server did not do what it was asked, with the exit code that the same refusal has on a queue file.</summary>
internal static class ServerRefusal
{
    /// <summary>The failure of a reply that is none of success.</summary>
    public static CommandFailure Of(ServerReply reply, ServerAddress address)
    {
        var words = reply.Detail ?? $"the server at {address.Text} answered {reply.Status}";
        return reply.Status switch
        {
            401 => CommandFailure.Refused($"the server at {address.Text} wants a key that it knows: {ServerKey.HowTo}"),
            403 => CommandFailure.Refused($"this key may not do that: {words}"),
            404 when reply.Detail is null => CommandFailure.Refused($"what answers at {address.Text} is no nightmail server, or an older one; look at {address.Origin}"),
            404 when words.StartsWith("there is nothing at this address", StringComparison.Ordinal) => Older(address, "it cannot do this yet"),
            404 => CommandFailure.NotFound(words),
            400 when words.StartsWith("there is no field", StringComparison.Ordinal) => Older(address, words),
            405 => Older(address, "it cannot do this yet"),
            409 or 412 => new(ExitCodes.WrongState, words),
            429 => new(ExitCodes.TryAgain, $"{words}{(reply.RetryAfter is { } wait ? $"; try again in {TimeWords.Length(wait)}" : "")}"),
            502 or 504 => new(ExitCodes.Unavailable, $"the proxy at {address.Text} does not reach its server ({reply.Status})"),
            503 => new(ExitCodes.TryAgain, words),
            >= 300 and < 400 => CommandFailure.Refused($"{address.Text} has moved{(reply.Location is { } place ? $" to {place}" : "")}; name that address ({address.Origin})"),
            >= 500 => CommandFailure.Refused($"the server at {address.Text} failed: {words}"),
            _ => CommandFailure.Refused(reply.Field is { } field && !words.StartsWith(field, StringComparison.Ordinal) ? $"{field}: {words}" : words),
        };
    }

    private static CommandFailure Older(ServerAddress address, string what) =>
        CommandFailure.Refused($"the server at {address.Text} is older than this command ({what}); nothing was done: upgrade it, or use the nightmail that came with it");
}
