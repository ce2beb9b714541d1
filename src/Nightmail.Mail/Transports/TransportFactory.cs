using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Dkim;

namespace Nightmail.Mail.Transports;

/// <summary>The way out that an account's settings ask for.</summary>
public static class TransportFactory
{
    /// <summary>Makes the transport. Nothing is connected, read or created before its first email.</summary>
    /// <param name="account">The account; its own limits hold.</param>
    /// <param name="retry">How often a connection is tried within one attempt.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">For jitter.</param>
    /// <param name="warn">Is told, in a line, what will go wrong later though it works now; null: nobody is.</param>
    public static ITransport Create(Account account, RetryPolicy retry, TimeProvider time, Random random, Action<string>? warn = null)
    {
        ArgumentNullException.ThrowIfNull(account);
        ITransport transport = account.Transport switch
        {
            TransportSettings.Smtp smtp => new SmtpTransport(smtp, account.Limits, retry, time, random, null, warn is null ? null : words => warn($"account {account.Name}: {words}")),
            TransportSettings.Command command => new CommandTransport(command, time, account.Limits.MessageSize),
            TransportSettings.Folder(var path) => new FolderTransport(path, time),
            _ => throw new ArgumentOutOfRangeException(nameof(account), account.Transport.GetType().Name, null),
        };
        return account.Dkim is { } dkim ? new SigningTransport(dkim, transport, time) : transport;
    }
}
