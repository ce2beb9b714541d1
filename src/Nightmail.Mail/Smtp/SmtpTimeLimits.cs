namespace Nightmail.Mail.Smtp;

/// <summary>How long each step may take: RFC 5321 4.5.3.2 where it says so. Before begin <see cref="TimeToBegin"/> limits them all together.</summary>
internal static class SmtpTimeLimits
{
    /// <summary>All addresses of a server together. Two lost SYNs are sent again within 7 s; who needs longer is not there.</summary>
    public static readonly TimeSpan Connect = TimeSpan.FromSeconds(30);

    /// <summary>A TLS handshake: a few round trips and one signature.</summary>
    public static readonly TimeSpan Handshake = TimeSpan.FromMinutes(1);

    /// <summary>Greeting, EHLO, AUTH, MAIL FROM, RCPT TO (4.5.3.2.1 to 3).</summary>
    public static readonly TimeSpan Command = TimeSpan.FromMinutes(5);

    /// <summary>The answer to DATA (4.5.3.2.4).</summary>
    public static readonly TimeSpan Data = TimeSpan.FromMinutes(2);

    /// <summary>Each block of the message (4.5.3.2.5).</summary>
    public static readonly TimeSpan Block = TimeSpan.FromMinutes(3);

    /// <summary>The answer to the final dot (4.5.3.2.6): a server that gives up late has often delivered.</summary>
    public static readonly TimeSpan FinalDot = TimeSpan.FromMinutes(10);

    /// <summary>QUIT is a courtesy; nobody waits long for its answer.</summary>
    public static readonly TimeSpan Quit = TimeSpan.FromSeconds(5);
}
