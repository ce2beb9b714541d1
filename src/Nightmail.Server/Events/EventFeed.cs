using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Nightmail.Server.Events;

/// <summary>One change that is told to whoever listens.</summary>
/// <param name="Number">Rises from event to event while the server runs.</param>
/// <param name="Type">Of what kind: <c>email</c>, <c>campaign</c>, <c>account</c>, <c>worker</c>, <c>work</c>, <c>backup</c>, or <c>missed</c>.</param>
/// <param name="Data">A JSON object.</param>
internal sealed record FeedEvent(long Number, string Type, string Data);

/// <summary>
/// The stream of changes. It keeps the last of them, so that a listener who was cut off goes on where it was; one who comes too late, or
/// from before a restart, is told that it missed some.
/// </summary>
internal sealed class EventFeed(TimeProvider time)
{
    /// <summary>Events that are kept. At a thousand a second a listener may be away for ten seconds.</summary>
    private const int MostKept = 10_000;

    /// <summary>Events that wait for one slow listener before it is told that it missed some.</summary>
    private const int MostWaiting = 1000;

    private readonly Lock gate = new();
    private readonly Queue<FeedEvent> kept = [];
    private readonly List<Channel<FeedEvent>> listeners = [];
    private readonly long run = time.GetUtcNow().ToUnixTimeMilliseconds();
    private long last;

    /// <summary>Tells everybody. Returns at once.</summary>
    public void Publish(string type, string data)
    {
        lock (gate)
        {
            var happened = new FeedEvent(++last, type, data);
            kept.Enqueue(happened);
            if (kept.Count > MostKept) kept.Dequeue();
            foreach (var listener in listeners) listener.Writer.TryWrite(happened);
        }
    }

    /// <summary>What the protocol calls an event's id: it names the run of the server too.</summary>
    public string IdOf(FeedEvent happened) => $"{run}-{happened.Number}";

    /// <summary>Everything from now on, or from after an event that was seen.</summary>
    /// <param name="lastId">The id of the last event that was seen; null: none.</param>
    /// <param name="cancellationToken">Ends listening.</param>
    public async IAsyncEnumerable<FeedEvent> ListenAsync(string? lastId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var channel = Channel.CreateBounded<FeedEvent>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        List<FeedEvent> earlier;
        long seen;
        lock (gate)
        {
            (earlier, seen) = Since_NeedsGate(lastId);
            listeners.Add(channel);
        }

        try
        {
            foreach (var happened in earlier) yield return happened;
            await foreach (var happened in channel.Reader.ReadAllAsync(cancellationToken))
            {
                if (seen > 0 && happened.Number > seen + 1) yield return Missed(happened.Number - 1);
                seen = happened.Number;
                yield return happened;
            }
        }
        finally
        {
            lock (gate) listeners.Remove(channel);
        }
    }

    private (List<FeedEvent> Earlier, long Seen) Since_NeedsGate(string? lastId)
    {
        if (lastId is null) return ([], last);
        var known = long.TryParse(lastId.Split('-')[^1], out var number) && lastId == $"{run}-{number}" && number <= last;
        if (!known) return ([Missed(last)], last);
        var oldest = kept.TryPeek(out var first) ? first.Number : last + 1;
        List<FeedEvent> earlier = [.. kept.Where(happened => happened.Number > number)];
        if (oldest > number + 1) earlier.Insert(0, Missed(oldest - 1));
        return (earlier, last);
    }

    private static FeedEvent Missed(long number) => new(number, "missed", "{}");
}
