using Nightmail.Core.Storage;

namespace Nightmail.Cli;

/// <summary>Says who will send what was scheduled, so that nobody waits for a worker that is not there.</summary>
internal static class WhoSends
{
    /// <summary>Notes the worker that runs, or warns with the command that starts one.</summary>
    public static async Task NoteAsync(Session session, CancellationToken cancellationToken)
    {
        var workers = await session.Store.WorkersAsync(cancellationToken);
        session.Note(Describe(workers, session));
    }

    private static string Describe(IReadOnlyList<WorkerDescription> workers, Session session)
    {
        if (workers.Count > 0) return $"worker running (pid {string.Join(", ", workers.Select(worker => worker.ProcessId))})";
        return $"warning: nobody is running to send it; start: {session.Starter}";
    }
}
