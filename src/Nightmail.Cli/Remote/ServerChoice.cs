namespace Nightmail.Cli.Remote;

/// <summary>Finds out whether a command works on a server, and on which.</summary>
internal static class ServerChoice
{
    /// <summary>The variable that names a server.</summary>
    public const string Variable = "NIGHTMAIL_SERVER";

    /// <summary>The server that <c>--server</c>, the environment or the configuration names, in that order; null: the queue file. Whoever names a queue file means it.</summary>
    /// <exception cref="CommandFailure">What names it cannot be used.</exception>
    public static ServerAddress? Of(Session session)
    {
        var globals = session.Globals;
        if (globals.Server is not null && globals.Queue is not null) throw CommandFailure.Usage("--server and --queue exclude each other: the server has a queue of its own");
        if (globals.Queue is not null) return null;
        var (text, origin) = Named(session);
        return text is null ? null : ServerAddress.Read(text, origin, session.Settings.Server.AllowPlainHttp);
    }

    /// <summary>True when anything but a queue file of this command's own names a server, whether its address can be used or not.</summary>
    public static bool IsNamed(Session session) => session.Globals.Queue is null && Named(session).Text is not null;

    private static (string? Text, string Origin) Named(Session session)
    {
        if (session.Globals.Server is { } asked) return (asked, "--server");
        return session.Surroundings.Variable(Variable) is { Length: > 0 } set ? (set, Variable) : (session.Settings.Server.Url, $"server.url in {session.Settings.File}");
    }
}
