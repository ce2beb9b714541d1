using System.Collections.Concurrent;
using Nightmail.Core.Delivery;
using Nightmail.Core.Storage;

namespace Nightmail.Store.Sql.Sqlite;

/// <summary>The workers of this process. It owns the data, so there are no others: whoever is not here is dead.</summary>
internal sealed class WorkerRegistry
{
    private readonly ConcurrentDictionary<string, WorkerDescription> living = new(StringComparer.Ordinal);

    /// <summary>Whether a worker lives.</summary>
    public bool IsAlive(string worker) => living.ContainsKey(worker);

    /// <summary>Those who live.</summary>
    public IReadOnlyList<WorkerDescription> Living() => [.. living.Values.OrderBy(worker => worker.Since).ThenBy(worker => worker.Id.Text, StringComparer.Ordinal)];

    /// <summary>Makes a worker known.</summary>
    /// <param name="number">A number that no worker of these data had before.</param>
    /// <param name="now">The present.</param>
    public IWorkerPresence Enter(long number, DateTimeOffset now)
    {
        var worker = new WorkerDescription(new($"worker-{number}"), Environment.ProcessId, Environment.MachineName, now);
        living[worker.Id.Text] = worker;
        return new Presence(this, worker.Id);
    }

    private sealed class Presence(WorkerRegistry registry, WorkerId id) : IWorkerPresence
    {
        public WorkerId Id => id;

        public ValueTask DisposeAsync()
        {
            registry.living.TryRemove(id.Text, out _);
            return default;
        }
    }
}
