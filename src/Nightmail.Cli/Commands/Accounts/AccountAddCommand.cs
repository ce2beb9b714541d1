using System.CommandLine;
using System.Text.Json;
using Nightmail.Cli.Configuration;
using Nightmail.Cli.Remote;

namespace Nightmail.Cli.Commands.Accounts;

/// <summary><c>account add</c>: writes an account into the configuration.</summary>
internal sealed class AccountAddCommand : Verb
{
    private readonly Argument<string> name = new("NAME") { Description = "Its name: letters, digits, hyphen, underscore, dot" };
    private readonly Option<string?> from = Words.Text("--from", "ADDRESS", "The sender of its emails");
    private readonly Option<string?> host = Words.Text("--host", "HOST", "The SMTP server");
    private readonly Option<int?> port = new("--port") { Description = "Its port; without it, by the security", HelpName = "PORT" };
    private readonly Option<string?> security = Words.Text("--security", "HOW", "starttls, tls or none");
    private readonly Option<string?> username = Words.Text("--username", "NAME", "The login");
    private readonly Option<string?> passwordCommand = Words.Text("--password-command", "COMMAND", "A command that prints the password");
    private readonly Option<string?> passwordFile = Words.Text("--password-file", "FILE", "A file with the password");
    private readonly Option<string?> passwordEnv = Words.Text("--password-env", "NAME", "An environment variable with the password");
    private readonly Option<string?> command = Words.Text("--command", "COMMAND", "Instead of a server: a program that takes the message, as sendmail does");
    private readonly Option<string?> folder = Words.Text("--folder", "FOLDER", "Instead of a server: a folder that gets one .eml file a message");
    private readonly Option<string[]> maySendAs = Words.Texts("--may-send-as", "ADDRESS", "A further sender, or *@domain");
    private readonly Flag isDefault = new("--default", "Emails that name no account and no sender go through it");

    /// <summary>The command.</summary>
    public AccountAddCommand()
        : base("add", "Adds an account to the configuration, or to a server; everything else in the file, comments too, stays.",
            "nightmail account add work --from \"Ada <ada@example.org>\" --host smtp.example.org --username ada --password-command \"pass show mail/work\"",
            "nightmail account add try --from ada@try.example --folder outbox")
    {
        Add(name);
        foreach (var option in (Option[])[from, host, port, security, username, passwordCommand, passwordFile, passwordEnv, command, folder, maySendAs, isDefault]) Add(option);
    }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var account = words.GetValue(name)!;
        if (words.GetValue(from) is null) throw CommandFailure.Usage("--from is missing: whose emails are these?");
        if (new[] { words.GetValue(host), words.GetValue(command), words.GetValue(folder) }.Count(way => way is not null) != 1)
            throw CommandFailure.Usage("say how its emails leave: one of --host, --command and --folder");
        if (words.GetValue(host) is null && new[] { words.GetValue(security), words.GetValue(username), words.GetValue(passwordCommand), words.GetValue(passwordFile), words.GetValue(passwordEnv) }.Any(given => given is not null))
            throw CommandFailure.Usage("--security, --username and the password options belong to --host");
        if (words.GetValue(username) is null && new[] { words.GetValue(passwordCommand), words.GetValue(passwordFile), words.GetValue(passwordEnv) }.Any(given => given is not null))
            throw CommandFailure.Usage("a password option is of no use without --username: whose password is it?");
        var place = await AddAsync(account, words, session, cancellationToken);
        session.Surroundings.Output.Write(session.Globals.Json ? $"{{\"added\":\"{account}\"}}\n" : $"added account {account} to {place}\n");
        session.Note($"{session.Command($"account test {account}")} tries whether it works");
        return ExitCodes.Done;
    }

    /// <returns>Where it is kept.</returns>
    private async Task<string> AddAsync(string account, ParseResult words, Session session, CancellationToken cancellationToken)
    {
        if (session.Server is { } server)
        {
            // A folder or a program would let a key reach into the server's machine.
            if (words.GetValue(host) is null) throw CommandFailure.Usage("a server sends through mail servers alone: say --host");
            var password = await RemoteAccounts.PasswordAsync(words.GetValue(passwordCommand), words.GetValue(passwordFile), words.GetValue(passwordEnv), session, cancellationToken);
            await new RemoteAccounts(session.Client).AddAsync(account, json => Write(json, words, password), cancellationToken);
            return $"the server at {server.Text}";
        }

        var file = ConfigFile.Open(session);
        if (file.Accounts.Any(each => each.Name == account)) throw CommandFailure.Refused($"there is an account {account} already in {file.Path}; remove it first, or choose another name");
        file.Add(account, json => Write(json, words, null));
        file.Save();
        return file.Path;
    }

    private void Write(Utf8JsonWriter json, ParseResult words, string? password)
    {
        json.WriteString("from", words.GetValue(from));
        if (words.GetValue(maySendAs) is { Length: > 0 } further)
        {
            json.WriteStartArray("maySendAs");
            foreach (var address in further) json.WriteStringValue(address);
            json.WriteEndArray();
        }

        if (isDefault.IsSet(words)) json.WriteBoolean("default", true);
        json.WriteStartObject("transport");
        if (words.GetValue(folder) is { } path)
        {
            json.WriteString("type", "folder");
            json.WriteString("path", path);
        }
        else if (words.GetValue(command) is { } program)
        {
            json.WriteString("type", "command");
            json.WriteString("command", program);
        }
        else
        {
            WriteServer(json, words, password);
        }

        json.WriteEndObject();
    }

    private void WriteServer(Utf8JsonWriter json, ParseResult words, string? password)
    {
        json.WriteString("type", "smtp");
        json.WriteString("host", words.GetValue(host));
        if (words.GetValue(port) is { } number) json.WriteNumber("port", number);
        if (words.GetValue(security) is { } how) json.WriteString("security", how);
        if (words.GetValue(username) is not { } login) return;
        json.WriteStartObject("auth");
        json.WriteString("username", login);
        if (password is not null)
        {
            json.WriteString("password", password);
            json.WriteEndObject();
            return;
        }

        if (words.GetValue(passwordCommand) is { } shown) json.WriteString("passwordCommand", shown);
        if (words.GetValue(passwordFile) is { } kept) json.WriteString("passwordFile", kept);
        if (words.GetValue(passwordEnv) is { } set) json.WriteString("passwordEnv", set);
        json.WriteEndObject();
    }
}
