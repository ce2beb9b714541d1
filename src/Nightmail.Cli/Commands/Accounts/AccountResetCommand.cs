using System.CommandLine;
using Nightmail.Cli.Configuration;
using Nightmail.Cli.Printing;

namespace Nightmail.Cli.Commands.Accounts;

/// <summary><c>account reset</c>: closes an account's circuit by hand.</summary>
internal sealed class AccountResetCommand : Verb
{
    private readonly Argument<string> name = AccountCommand.NameWord();

    /// <summary>The command.</summary>
    public AccountResetCommand()
        : base("reset", "Closes an account's circuit, so that it is used again at once.", "nightmail account reset work") => Add(name);

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var account = words.GetValue(name)!;
        // A circuit may outlive its account in the configuration.
        var wasOpen = await session.Store.ResetAccountAsync(account, cancellationToken);
        if (!wasOpen && !(await session.AccountsAsync(cancellationToken)).Any(each => each.Standing.Account.Name == account)) throw AccountCommand.NoSuch(account, session);
        if (wasOpen) session.Log.Write(LogLevel.Information, $"account {account}: circuit closed by hand");
        session.Surroundings.Output.Write(session.Globals.Json ? JsonText.Line(json =>
        {
            json.WriteStartObject();
            json.WriteString("name", account);
            json.WriteBoolean("reset", wasOpen);
            json.WriteEndObject();
        }) : wasOpen ? $"account {account} is used again\n" : $"account {account} had no failures; nothing was changed\n");
        return ExitCodes.Done;
    }
}
