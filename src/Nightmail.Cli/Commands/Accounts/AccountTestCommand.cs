using System.CommandLine;
using Nightmail.Cli.Printing;

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
        var account = session.Settings.Accounts.FirstOrDefault(each => each.Name == wanted) ?? throw AccountCommand.NoSuch(wanted, session);
        var result = await Composition.CheckAsync(account, session.Surroundings, cancellationToken);
        if (session.Globals.Json)
        {
            session.Surroundings.Output.Write(JsonText.Line(json =>
            {
                json.WriteStartObject();
                json.WriteString("name", account.Name);
                json.WriteBoolean("works", result.Fault is null);
                if (result.Fault is { } fault)
                {
                    json.WriteString("reason", fault.Reason.ToString().ToLowerInvariant());
                    json.WriteString("error", fault.Words);
                }

                json.WriteStartArray("offers");
                foreach (var offer in result.Offers) json.WriteStringValue(offer);
                json.WriteEndArray();
                json.WriteEndObject();
            }));
            return result.Fault is null ? ExitCodes.Done : ExitCodes.Refused;
        }

        if (result.Fault is { } broken) throw CommandFailure.Refused($"account {account.Name} cannot send: {broken.Words}");
        session.Surroundings.Output.Write($"account {account.Name} works: {string.Join(", ", result.Offers.Select(Printable.OneLine))}\n");
        var standing = (await session.Store.AccountsAsync([account], cancellationToken))[0];
        if (standing.Facts.Circuit.IsOpen) session.Note($"its circuit is still open; nightmail account reset {account.Name} closes it at once");
        return ExitCodes.Done;
    }
}
