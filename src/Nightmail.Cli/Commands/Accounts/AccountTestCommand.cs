using System.CommandLine;
using Nightmail.Cli.Printing;
using Nightmail.Cli.Remote;
using Nightmail.Cli.Running;

namespace Nightmail.Cli.Commands.Accounts;

/// <summary><c>account test</c>: connects and logs in, and sends nothing.</summary>
internal sealed class AccountTestCommand : Verb
{
    private readonly Argument<string> name = AccountCommand.NameWord();

    /// <summary>The command.</summary>
    public AccountTestCommand()
        : base("test", "Connects, logs in, and says what the server offers. Nothing is sent.", "nightmail account test work") => Add(name);

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var wanted = words.GetValue(name)!;
        var (reason, error, offers) = await TestAsync(wanted, session, cancellationToken) ?? throw AccountCommand.NoSuch(wanted, session);
        if (session.Globals.Json)
        {
            session.Surroundings.Output.Write(JsonText.Line(json =>
            {
                json.WriteStartObject();
                json.WriteString("name", wanted);
                json.WriteBoolean("works", error is null);
                if (error is not null)
                {
                    json.WriteString("reason", reason);
                    json.WriteString("error", error);
                }

                json.WriteStartArray("offers");
                foreach (var offer in offers) json.WriteStringValue(offer);
                json.WriteEndArray();
                json.WriteEndObject();
            }));
            return error is null ? ExitCodes.Done : ExitCodes.Refused;
        }

        if (error is not null) throw CommandFailure.Refused($"account {wanted} cannot send: {error}");
        session.Surroundings.Output.Write($"account {wanted} works: {string.Join(", ", offers.Select(Printable.OneLine))}\n");
        var standing = (await session.AccountsAsync(cancellationToken)).FirstOrDefault(each => each.Standing.Account.Name == wanted)?.Standing;
        if (standing is { Facts.Circuit.IsOpen: true }) session.Note($"its circuit is still open; {session.Command($"account reset {wanted}")} closes it at once");
        return ExitCodes.Done;
    }

    /// <returns>What was found; null: there is no account of that name.</returns>
    private static async Task<(string? Reason, string? Error, IReadOnlyList<string> Offers)?> TestAsync(string name, Session session, CancellationToken cancellationToken)
    {
        if (session.Server is not null) return await new RemoteAccounts(session.Client).TestAsync(name, cancellationToken);
        if (SecretVariables.Take(session.Settings.Accounts).FirstOrDefault(each => each.Name == name) is not { } account) return null;
        var result = await Composition.CheckAsync(account, session.Surroundings, cancellationToken);
        return (result.Fault?.Reason.ToString().ToLowerInvariant(), result.Fault?.Words, result.Offers);
    }
}
