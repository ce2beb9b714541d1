using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Dkim;
using Nightmail.Mail.Smtp;

namespace Nightmail.Mail.Transports;

/// <summary>What a look at an account's way out found.</summary>
/// <param name="Fault">Why it could not send; null: it could.</param>
/// <param name="Offers">What the other side offers, a line each, for people.</param>
public sealed record AccountCheckResult(AccountFault? Fault, IReadOnlyList<string> Offers);

/// <summary>Looks whether an account could send, without sending anything.</summary>
public static class AccountCheck
{
    /// <summary>Connects and logs in; for a folder or a program, looks whether it is there.</summary>
    /// <param name="account">The account.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">For jitter.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<AccountCheckResult> RunAsync(Account account, TimeProvider time, Random random, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(account);
        try
        {
            if (account.Dkim is { } dkim) DkimSigner.Load(dkim);
        }
        catch (DkimKeyException unusable)
        {
            return new(new(AccountFaultReason.Configuration, unusable.Message), []);
        }

        return account.Transport switch
        {
            TransportSettings.Smtp smtp => await ConnectAsync(smtp, time, random, cancellationToken),
            TransportSettings.Folder(var path) => Folder(path),
            TransportSettings.Command command => Program(command.Words[0]),
            _ => new(new(AccountFaultReason.Configuration, $"nothing is known of a transport {account.Transport.GetType().Name}"), []),
        };
    }

    private static async Task<AccountCheckResult> ConnectAsync(TransportSettings.Smtp smtp, TimeProvider time, Random random, CancellationToken cancellationToken)
    {
        using var patience = new TimeToBegin(time, cancellationToken);
        var warnings = new List<string>();
        using var connector = new SmtpConnector(smtp, new() { MaxAttempts = 1 }, time, random) { Warn = warnings.Add };
        try
        {
#pragma warning disable CA2016 // The time to begin ends with the token too.
            var connection = await connector.ConnectAsync(patience);
#pragma warning restore CA2016
            var offers = Describe(smtp, connection.Capabilities);
            await connection.QuitAsync();
            return new(null, [.. offers, .. warnings]);
        }
        catch (ConversationBrokenException broken)
        {
            return new(broken.Fault, []);
        }
    }

    private static List<string> Describe(TransportSettings.Smtp smtp, ServerCapabilities server)
    {
        var offers = new List<string>
        {
            smtp.Security switch { SmtpSecurity.Tls => "TLS from the first byte", SmtpSecurity.StartTls => "STARTTLS", _ => "no encryption" },
            smtp.Login is null ? "no login" : "login accepted",
        };
        if (server.AuthMechanisms.Count > 0) offers.Add($"logins {string.Join(' ', server.AuthMechanisms.Distinct())}");
        if (server.MaxSize is { } size) offers.Add($"messages up to {size.ToString("N0", System.Globalization.CultureInfo.InvariantCulture)} bytes");
        if (server.MaxRecipients is { } recipients) offers.Add($"{recipients} recipients at once");
        foreach (var (name, has) in new[] { ("PIPELINING", server.Pipelining), ("8BITMIME", server.EightBitMime), ("SMTPUTF8", server.SmtpUtf8), ("SIZE", server.Size) })
        {
            if (has) offers.Add(name);
        }

        return offers;
    }

    private static AccountCheckResult Folder(string path) => Directory.Exists(path) || !File.Exists(path)
        ? new(null, [Directory.Exists(path) ? $"the folder {path}" : $"the folder {path} will be made with the first email"])
        : new(new(AccountFaultReason.Configuration, $"{path} is a file, not a folder"), []);

    private static AccountCheckResult Program(string name) => ProgramPath.Find(name) is { } found
        ? new(null, [$"the program {found}; whether it can send shows only when it does"])
        : new(new(AccountFaultReason.Configuration, File.Exists(name) ? $"{name} is no program that may be run" : $"there is no program {name}"), []);
}
