using System.CommandLine;
using Nightmail.Cli.Printing;
using Nightmail.Cli.Remote;

namespace Nightmail.Cli.Commands;

/// <summary><c>backup</c>: copies of the queue.</summary>
internal sealed class BackupCommand : Verb
{
    /// <summary>The command.</summary>
    public BackupCommand()
        : base("backup", "Keeps copies of the queue, shows them, brings one back.", "nightmail backup list", "nightmail backup restore latest")
    {
        Add(new BackupCreateCommand());
        Add(new BackupListCommand());
        Add(new BackupRestoreCommand());
        Add(new BackupPruneCommand());
        Add(new BackupVerifyCommand());
        Add(new BackupDownloadCommand());
        Add(new BackupTimesCommand());
    }

    /// <inheritdoc/>
    public override Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken) =>
        throw CommandFailure.Usage("what about the backups? write: nightmail backup list, create, restore NAME, prune, verify NAME; of a server also download NAME, times");
}

/// <summary><c>backup create</c>: keeps a copy now.</summary>
internal sealed class BackupCreateCommand() : Verb("create", "Keeps a copy of the queue as it is now.", "nightmail backup create")
{
    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var made = await new BackupPlace(session).CreateAsync(cancellationToken);
        session.Surroundings.Output.Write(session.Globals.Json ? JsonText.Line(json => BackupList.Write(json, made)) : $"{made.Name}\n");
        return ExitCodes.Done;
    }
}

/// <summary><c>backup list</c>: all of them, the newest first.</summary>
internal sealed class BackupListCommand() : Verb("list", "Lists the backups, the newest first, each checked against its checksum.", "nightmail backup list", "nightmail backup list --json")
{
    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var place = new BackupPlace(session);
        var backups = await place.ListAsync(cancellationToken);
        if (session.Globals.Json)
        {
            session.Surroundings.Output.Write(JsonText.Line(json =>
            {
                json.WriteStartArray();
                foreach (var backup in backups) BackupList.Write(json, backup);
                json.WriteEndArray();
            }));
            return ExitCodes.Done;
        }

        if (backups.Count == 0) session.Note($"no backups yet in {place.Folder}; {(session.Server is null ? "the first change makes one" : $"{session.Command("backup create")} makes one")}");
        else session.Surroundings.Output.Write(BackupList.Table(backups, session.Zone, session.Now).ToText(session.Surroundings.Width));
        return ExitCodes.Done;
    }
}

/// <summary><c>backup prune</c>: removes what is more than is to be kept.</summary>
internal sealed class BackupPruneCommand() : Verb("prune", "Removes the backups that are more than are to be kept.", "nightmail backup prune")
{
    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var gone = await new BackupPlace(session).PruneAsync(cancellationToken);
        if (session.Globals.Json)
        {
            session.Surroundings.Output.Write(JsonText.Line(json =>
            {
                json.WriteStartArray();
                foreach (var name in gone) json.WriteStringValue(name);
                json.WriteEndArray();
            }));
        }
        else
        {
            foreach (var name in gone) session.Surroundings.Output.Write($"{name} removed\n");
            if (gone.Count == 0) session.Note("nothing to remove");
        }

        return ExitCodes.Done;
    }
}

/// <summary><c>backup verify</c>: checks one against its checksum.</summary>
internal sealed class BackupVerifyCommand : Verb
{
    private readonly Argument<string> name = BackupList.Name();

    /// <summary>The command.</summary>
    public BackupVerifyCommand()
        : base("verify", "Checks a backup against its checksum.", "nightmail backup verify latest") => Add(name);

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var place = new BackupPlace(session);
        var backup = await place.VerifyAsync(BackupList.Find(await place.ListAsync(cancellationToken), words.GetRequiredValue(name), session.Command), cancellationToken);
        if (session.Globals.Json) session.Surroundings.Output.Write(JsonText.Line(json => BackupList.Write(json, backup)));
        if (backup.Damage is { } damage) throw CommandFailure.Refused($"{backup.Name} is not good: {damage}");
        if (!session.Globals.Json) session.Surroundings.Output.Write($"{backup.Name} is good: {backup.Size} bytes, sha256 {backup.Sha256}\n");
        return ExitCodes.Done;
    }
}
