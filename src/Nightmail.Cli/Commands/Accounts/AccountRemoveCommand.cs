using System.CommandLine;
using Nightmail.Cli.Configuration;
using Nightmail.Cli.Remote;
using Nightmail.Core.Emails;

namespace Nightmail.Cli.Commands.Accounts;

/// <summary><c>account remove</c>: takes an account out of the configuration.</summary>
internal sealed class AccountRemoveCommand : Verb
{
    private readonly Argument<string> name = AccountCommand.NameWord();

    /// <summary>The command.</summary>
    public AccountRemoveCommand()
        : base("remove", "Takes an account out of the configuration, or off a server; everything else in the file, comments too, stays.", "nightmail account remove old") => Add(name);

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var account = words.GetValue(name)!;
        var waiting = await session.Store.ListAsync(new() { Account = account, Statuses = [EmailStatus.Pending, EmailStatus.Paused] }, cancellationToken);
        var pinned = waiting.Count(email => email.Account == account);
        var place = await RemoveAsync(account, session, cancellationToken) ?? throw AccountCommand.NoSuch(account, session);
        session.Surroundings.Output.Write(session.Globals.Json ? $"{{\"removed\":\"{account}\"}}\n" : $"removed account {account} from {place}\n");
        if (pinned > 0) session.Note($"{pinned} waiting {(pinned == 1 ? "email names" : "emails name")} it and cannot be sent without it; {session.Command($"list --account {account}")} shows them");
        return ExitCodes.Done;
    }

    /// <returns>Where it was; null: there is none of that name.</returns>
    private static async Task<string?> RemoveAsync(string account, Session session, CancellationToken cancellationToken)
    {
        if (session.Server is { } server) return await new RemoteAccounts(session.Client).RemoveAsync(account, cancellationToken) ? $"the server at {server.Text}" : null;
        var file = ConfigFile.Open(session);
        if (!file.Remove(account)) return null;
        file.Save();
        return file.Path;
    }
}
