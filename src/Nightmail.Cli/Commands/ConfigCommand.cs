using System.CommandLine;
using Nightmail.Cli.Printing;

namespace Nightmail.Cli.Commands;

/// <summary><c>config</c>: what can be done with the configuration.</summary>
internal sealed class ConfigCommand : Verb
{
    /// <summary>The command.</summary>
    public ConfigCommand()
        : base("config", "Shows the configuration.", ConfigShowCommand.Example) => Add(new ConfigShowCommand());

    /// <inheritdoc/>
    public override Reach Reach => Reach.Here;

    /// <inheritdoc/>
    public override Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken) =>
        throw CommandFailure.Usage("what about the configuration? write: nightmail config show");
}

/// <summary><c>config show</c>: what is in force, and where each value comes from.</summary>
internal sealed class ConfigShowCommand : Verb
{
    /// <summary>How it is typed.</summary>
    public const string Example = "nightmail config show";

    /// <summary>The command.</summary>
    public ConfigShowCommand()
        : base("show", "Shows what is in force and where each value comes from; secrets are not shown.", Example, $"{Example} --json")
    {
    }

    /// <inheritdoc/>
    public override Reach Reach => Reach.Here;

    /// <inheritdoc/>
    public override Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        session.NoteWarnings();
        var readings = session.Settings.Readings.Prepend(new("queue", session.QueuePath, session.QueueOrigin));
        if (session.Globals.Json)
        {
            session.Surroundings.Output.Write(JsonText.Line(json =>
            {
                json.WriteStartArray();
                foreach (var reading in readings)
                {
                    json.WriteStartObject();
                    json.WriteString("key", reading.Path);
                    json.WriteString("value", reading.Value);
                    json.WriteString("from", reading.Place ?? "default");
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }));
        }
        else
        {
            var table = new TextTable("KEY", "VALUE", "FROM");
            foreach (var reading in readings) table.Add(reading.Path, reading.Value, reading.Place ?? "default");
            session.Surroundings.Output.Write(table.ToText(null));
        }

        return Task.FromResult(ExitCodes.Done);
    }
}
