using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using NodaTime;

namespace Nightmail.Cli.Configuration;

/// <summary>Reads the section <c>accounts</c>: a name, an address, a way out each.</summary>
internal static class AccountReader
{
    /// <summary>All accounts. Where none says that it is the default one, the first is.</summary>
    public static IReadOnlyList<Account> ReadAll(ConfigSection section, Func<string, string?> variable)
    {
        var accounts = section.Members.Select(member => Read(member, section, variable)).ToList();
        if (accounts.Count > 0 && !accounts.Exists(account => account.IsDefault)) accounts[0] = accounts[0] with { IsDefault = true };
        return Account.WithStandIns(accounts);
    }

    private static Account Read(ConfigMember member, ConfigSection accounts, Func<string, string?> variable)
    {
        var section = accounts.Section(member);
        var name = member.Key;
        if (!IsName(name)) throw accounts.Error(name, $"\"{name}\" is no account's name: letters, digits, hyphen, underscore and dot, at most 64");
        var account = new Account
        {
            Name = name,
            From = section.RequiredText("from"),
            MaySendAs = section.Texts("maySendAs"),
            EnvelopeFrom = section.Text("envelopeFrom"),
            IsDefault = section.Boolean("default", otherwise: false),
            IsEnabled = section.Boolean("enabled", otherwise: true),
            Priority = section.Number("priority", 1, 0, 1000),
            Weight = section.Number("weight", 1, 1, 1000),
            Zone = Zone(section),
            Transport = TransportReader.Read(section.Section("transport"), variable),
            Limits = Limits(section.Section("limits")),
            Dkim = Dkim(section, variable),
        };
        section.Done();
        if (!Mailbox.TryParse(account.From, out _, out var error)) throw section.Error("from", $"\"{account.From}\" is not an address: {error}");
        if (account.EnvelopeFrom is { Length: > 0 } sender && !Mailbox.TryParse(sender, out _, out error)) throw section.Error("envelopeFrom", $"\"{sender}\" is not an address: {error}");
        foreach (var allowed in account.MaySendAs)
            if (!allowed.StartsWith("*@", StringComparison.Ordinal) && !Mailbox.TryParse(allowed, out _, out error))
                throw section.Error("maySendAs", $"\"{allowed}\" is neither an address nor *@domain: {error}");
        return account;
    }

    private static DateTimeZone? Zone(ConfigSection section)
    {
        if (section.Text("timeZone") is not { } name) return null;
        return TimeZoneRules.Default.TryFind(name, out var zone, out var error) ? zone : throw section.Error("timeZone", error);
    }

    private static DkimSettings? Dkim(ConfigSection account, Func<string, string?> variable)
    {
        var section = account.Section("dkim");
        if (!account.Has("dkim")) return null;
        var dkim = new DkimSettings(section.RequiredText("domain"), section.RequiredText("selector"), Paths.InConfiguration(section, section.RequiredText("keyFile"), variable));
        section.Done();
        if (!DomainName.TryToAscii(dkim.Domain, out _)) throw section.Error("domain", $"\"{dkim.Domain}\" is no domain");
        if (!DomainName.TryToAscii($"{dkim.Selector}.{dkim.Domain}", out _)) throw section.Error("selector", $"\"{dkim.Selector}\" cannot be part of a domain");
        return dkim;
    }

    private static AccountLimits Limits(ConfigSection section)
    {
        var defaults = new AccountLimits();
        var limits = new AccountLimits
        {
            Connections = section.Number("connections", defaults.Connections, 1, 1000),
            PerMinute = section.OptionalNumber("perMinute", 1, 1_000_000),
            PerHour = section.OptionalNumber("perHour", 1, 10_000_000),
            PerDay = section.OptionalNumber("perDay", 1, 100_000_000),
            PerCampaign = section.OptionalNumber("perCampaign", 1, 100_000_000),
            RecipientsPerTransaction = section.Number("recipientsPerTransaction", defaults.RecipientsPerTransaction, 1, 100_000),
            MessageSize = section.Size("messageSize"),
            EmailsPerConnection = section.Number("emailsPerConnection", defaults.EmailsPerConnection, 1, 1_000_000),
        };
        section.Done();
        return limits;
    }

    private static bool IsName(string name) =>
        name.Length is > 0 and <= 64 && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.');
}
