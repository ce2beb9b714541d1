namespace Nightmail.Store.Sql.Sqlite.Transactions;

/// <summary>
/// Requests that have been carried out and whose askers are told together: on one thread of the pool, one after the other. To wake a thread
/// for each of them would cost more than what most of them do next.
/// </summary>
/// <param name="ownThread">False: they are told here and now, where a simulation wants everything on one thread.</param>
internal sealed class Answers(bool ownThread)
{
    private List<Request> done = [];

    /// <summary>One that has been told, to be used again.</summary>
    private Told? spare;

    /// <summary>It is durable: whoever asked is told with the next <see cref="Tell"/>.</summary>
    public void Complete(Request request)
    {
        if (request.TryAnswer(null)) done.Add(request);
    }

    /// <summary>It did not happen, or not surely.</summary>
    public void Fail(Request request, Exception why)
    {
        if (request.TryAnswer(why)) done.Add(request);
    }

    /// <summary>Tells everybody.</summary>
    public void Tell()
    {
        if (done.Count == 0) return;
        var told = Interlocked.Exchange(ref spare, null) ?? new(this);
        // What they do at once must not meet this list.
        (told.Requests, done) = (done, told.Requests);
        if (ownThread) ThreadPool.UnsafeQueueUserWorkItem(told, preferLocal: false);
        else told.Execute();
    }

    private sealed class Told(Answers answers) : IThreadPoolWorkItem
    {
        public List<Request> Requests { get; set; } = [];

        public void Execute()
        {
            foreach (var request in Requests) request.Tell();
            Requests.Clear();
            answers.spare = this;
        }
    }
}
