using System.CommandLine;

namespace Nightmail.Cli.Commands.Accounts;

/// <summary><c>account</c>: the senders.</summary>
internal sealed class AccountCommand : Verb
{
    /// <summary>The command.</summary>
    public AccountCommand()
        : base("account", "Shows the accounts that send, and adds, tries, removes them: those of the configuration, or of a server.", "nightmail account list", "nightmail account test work", "nightmail account import himalaya")
    {
        Add(new AccountListCommand());
        Add(new AccountTestCommand());
        Add(new AccountResetCommand());
        Add(new AccountAddCommand());
        Add(new AccountRemoveCommand());
        Add(new AccountImportCommand());
    }

    /// <summary>The name of an account.</summary>
    public static Argument<string> NameWord() => new("NAME") { Description = "The account's name in the configuration" };

    /// <inheritdoc/>
    public override Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken) =>
        throw CommandFailure.Usage("what about the accounts? write: nightmail account list, test NAME, reset NAME, add NAME, remove NAME or import himalaya");

    /// <summary>The failure of a name that no account has.</summary>
    internal static CommandFailure NoSuch(string name, Session session) =>
        CommandFailure.NotFound($"there is no account {name} {(session.Server is { } server ? $"on the server at {server.Text}" : $"in {session.Settings.File ?? session.Settings.ExpectedFile}")}; {session.Command("account list")} shows them");
}
