using Nightmail.Cli.Configuration;
using Nightmail.Cli.Printing;
using Nightmail.Core.Delivery;
using Nightmail.Core.Scheduling;

namespace Nightmail.Cli.Running;

/// <summary>Prints what the engine does: lines on standard error, or JSON lines on standard output, and into the log.</summary>
internal sealed class EventPrinter(Session session) : IEngineObserver
{
    private readonly Lock gate = new();

    /// <inheritdoc/>
    public void On(EngineEvent happened)
    {
        var level = EventWords.LevelOf(happened);
        session.Log.Write(level, EventWords.Line(happened, session.Zone, session.Command));
        if (level == LogLevel.Debug && !session.Globals.Verbose) return;
        lock (gate)
        {
            if (session.Globals.Json) Print(session.Surroundings.Output, JsonText.Line(json => EventWords.Write(json, happened)));
            else Print(session.Surroundings.Error, $"{TimeWords.Short(happened.At, session.Zone, session.Now, milliseconds: true)} {Printable.OneLine(EventWords.Line(happened, session.Zone, session.Command))}\n");
        }
    }

    private static void Print(TextWriter writer, string line)
    {
        writer.Write(line);
        writer.Flush();
    }
}
