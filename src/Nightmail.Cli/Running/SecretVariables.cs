using Nightmail.Core.Accounts;

namespace Nightmail.Cli.Running;

/// <summary>
/// Takes secrets out of this process's environment before it sends: an account's command, a password command and all that they start would
/// inherit the passwords of every other account.
/// </summary>
internal static class SecretVariables
{
    /// <summary>The key for the API of a server; no program that is started here has any use for it.</summary>
    private const string ApiKey = "NIGHTMAIL_API_KEY";

    /// <summary>The accounts, each secret that a variable held now in hand. A variable that is not set stays named, for the message about it.</summary>
    public static IReadOnlyList<Account> Take(IReadOnlyList<Account> accounts)
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { ApiKey };
        IReadOnlyList<Account> taken = [.. accounts.Select(account => account.Transport is TransportSettings.Smtp { Login: { } login } smtp
            ? account with { Transport = smtp with { Login = login with { Password = Taken(login.Password, names)! } } }
            : account)];
        // Only now: two accounts may share one.
        foreach (var name in names) Environment.SetEnvironmentVariable(name, null);
        return taken;
    }

    /// <summary>The variables that hold secrets, for a program that is started while this one still needs them.</summary>
    public static IReadOnlySet<string> Names(IReadOnlyList<Account> accounts)
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { ApiKey };
        foreach (var account in accounts)
        {
            if (account.Transport is TransportSettings.Smtp { Login: { } login }) Taken(login.Password, names);
        }

        return names;
    }

    private static SecretSource? Taken(SecretSource? source, HashSet<string> names)
    {
        switch (source)
        {
            case SecretSource.Environment(var variable) when Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value:
                names.Add(variable);
                return new SecretSource.Literal(value);
            case SecretSource.Refresh refresh:
                return refresh with { ClientSecret = Taken(refresh.ClientSecret, names), RefreshToken = Taken(refresh.RefreshToken, names)! };
            default:
                return source;
        }
    }
}
