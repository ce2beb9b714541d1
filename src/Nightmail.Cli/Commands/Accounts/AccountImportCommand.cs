using System.CommandLine;
using Nightmail.Cli.Configuration;
using Nightmail.Cli.Drafts;
using Nightmail.Cli.Himalaya;
using Nightmail.Cli.Printing;

namespace Nightmail.Cli.Commands.Accounts;

/// <summary><c>account import himalaya</c>: takes accounts over from himalaya's configuration.</summary>
internal sealed class AccountImportCommand : Verb
{
    private readonly Argument<string> source = new("PROGRAM") { Description = "Whose accounts: himalaya" };
    private readonly Argument<string?> path = new("FILE") { Description = "Its configuration; without it, config.toml in himalaya's folder", Arity = ArgumentArity.ZeroOrOne };

    /// <summary>The command.</summary>
    public AccountImportCommand()
        : base("import", "Takes accounts over from another program's configuration, and says what cannot be.", "nightmail account import himalaya", "nightmail account import himalaya ~/.config/himalaya/config.toml")
    {
        Add(source);
        Add(path);
    }

    /// <inheritdoc/>
    public override Reach Reach => Reach.Here;

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        if (words.GetValue(source) is not "himalaya") throw CommandFailure.Usage($"accounts of '{words.GetValue(source)}' are not known; write: nightmail account import himalaya");
        var from = words.GetValue(path) ?? Paths.Himalaya(session.Surroundings.Variable);
        var text = await InputFiles.ReadTextAsync(from, "import himalaya", session.Surroundings, cancellationToken);
        IReadOnlyList<HimalayaAccount> found;
        try
        {
            found = HimalayaConfig.Read(text);
        }
        catch (FormatException broken)
        {
            throw CommandFailure.Refused($"{from}: {broken.Message}");
        }

        var file = ConfigFile.Open(session);
        var mayBeDefault = file.Accounts.Count == 0;
        var (added, left) = (new List<string>(), new List<string>());
        foreach (var account in found)
        {
            if (TryAdd(file, account, mayBeDefault) is { } obstacle)
            {
                session.Note($"not taken over: {account.Name}: {obstacle}");
                left.Add(account.Name);
                continue;
            }

            foreach (var note in account.Notes) session.Note($"{account.Name}: {note}");
            added.Add(account.Name);
        }

        if (added.Count > 0) file.Save();
        Print(session, file, added, left);
        return added.Count > 0 || found.Count == 0 ? ExitCodes.Done : ExitCodes.Refused;
    }

    /// <summary>Null when it was added; otherwise why not.</summary>
    private static string? TryAdd(ConfigFile file, HimalayaAccount account, bool mayBeDefault)
    {
        if (account.Obstacle is { } obstacle) return obstacle;
        if (file.Accounts.Any(each => each.Name == account.Name)) return $"there is an account of that name already in {file.Path}";
        try
        {
            file.Add(account.Name, json => account.Write(json, mayBeDefault));
            return null;
        }
        catch (ConfigException refused)
        {
            return refused.Message;
        }
    }

    private static void Print(Session session, ConfigFile file, List<string> added, List<string> left)
    {
        if (session.Globals.Json)
        {
            session.Surroundings.Output.Write(JsonText.Line(json =>
            {
                json.WriteStartObject();
                foreach (var (key, names) in new[] { ("added", added), ("notAdded", left) })
                {
                    json.WriteStartArray(key);
                    foreach (var name in names) json.WriteStringValue(name);
                    json.WriteEndArray();
                }

                json.WriteEndObject();
            }));
            return;
        }

        session.Surroundings.Output.Write(added.Count == 0 ? "nothing was taken over\n" : $"took over {string.Join(", ", added)} into {file.Path}\n");
        foreach (var name in added) session.Note($"{session.Command($"account test {name}")} tries whether it works");
    }
}
