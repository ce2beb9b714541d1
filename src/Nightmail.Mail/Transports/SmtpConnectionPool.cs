using Nightmail.Core.Accounts;
using Nightmail.Mail.Smtp;

namespace Nightmail.Mail.Transports;

/// <summary>The connections of one account: never more than its limit, kept while there is work, newest used first so that spare ones end.</summary>
internal sealed class SmtpConnectionPool : IAsyncDisposable
{
    /// <summary>How long a connection waits for the next email. Servers commonly hang up after a minute or more.</summary>
    public static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(30);

    private readonly SmtpConnector connector;
    private readonly AccountLimits limits;
    private readonly TimeProvider time;
    private readonly SemaphoreSlim slots;
    private readonly Lock gate = new();
    private readonly List<SmtpConnection> idle = [];
    private readonly HashSet<Task> farewells = [];
    private readonly ITimer sweep;
    private bool closed;

    /// <summary>An empty pool.</summary>
    public SmtpConnectionPool(SmtpConnector connector, AccountLimits limits, TimeProvider time)
    {
        (this.connector, this.limits, this.time) = (connector, limits, time);
        slots = new(limits.Connections);
        sweep = time.CreateTimer(static pool => ((SmtpConnectionPool)pool!).Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Connections that wait for work.</summary>
    public int IdleCount
    {
        get
        {
            lock (gate) return idle.Count;
        }
    }

    /// <summary>Waits for a place, and takes an idle connection or makes one.</summary>
    /// <exception cref="ConversationBrokenException">None could be made; the place is free again.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up; no place is taken.</exception>
    public async ValueTask<SmtpConnection> RentAsync(TimeToBegin patience)
    {
        try
        {
            await slots.WaitAsync(patience.Token);
        }
        catch (OperationCanceledException) when (patience.IsOver)
        {
            throw TimeToBegin.Over(connector.Peer, SmtpPhase.Connecting, "waiting for a free connection");
        }

        lock (gate)
        {
            while (idle.Count > 0)
            {
                var newest = idle[^1];
                idle.RemoveAt(idle.Count - 1);
                if (newest.IsInPlace) return newest;
                newest.Dispose();
            }
        }

        return await ConnectAsync(patience);
    }

    /// <summary>Makes a new connection in the place of one that turned out dead.</summary>
    /// <exception cref="ConversationBrokenException">None could be made; the place is free again.</exception>
    public Task<SmtpConnection> ReplaceAsync(SmtpConnection dead, TimeToBegin patience)
    {
        dead.Dispose();
        return ConnectAsync(patience);
    }

    /// <summary>Gives a connection back and frees its place.</summary>
    public void Return(SmtpConnection connection)
    {
        connection.Channel.Disarm();
        lock (gate)
        {
            if (!connection.IsInPlace) connection.Dispose();
            else if (closed || IsWorn(connection)) SayFarewell_NeedsLock(connection);
            else Keep_NeedsLock(connection);
        }

        slots.Release();
    }

    /// <summary>Ends the idle connections: the server wants to be left alone, or is gone.</summary>
    public void Empty()
    {
        lock (gate)
        {
            foreach (var connection in idle) SayFarewell_NeedsLock(connection);
            idle.Clear();
        }
    }

    /// <summary>Says goodbye on all idle connections. Those in use end when they come back.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] ending;
        lock (gate) closed = true;
        Empty();
        await sweep.DisposeAsync();
        lock (gate) ending = [.. farewells];
        await Task.WhenAll(ending);
        connector.Dispose();
    }

    private async Task<SmtpConnection> ConnectAsync(TimeToBegin patience)
    {
        try
        {
            return await connector.ConnectAsync(patience);
        }
        catch
        {
            slots.Release();
            throw;
        }
    }

    private bool IsWorn(SmtpConnection connection) =>
        connection.Transactions >= Math.Min(limits.EmailsPerConnection, connection.Capabilities.MaxTransactions ?? int.MaxValue);

    private void Keep_NeedsLock(SmtpConnection connection)
    {
        connection.IdleSince = time.GetTimestamp();
        idle.Add(connection);
        // One timer a pool: it is set when the pool was empty, and sets itself while it is not.
        if (idle.Count == 1) sweep.Change(IdleLimit, Timeout.InfiniteTimeSpan);
    }

    private void SayFarewell_NeedsLock(SmtpConnection connection)
    {
        var farewell = connection.QuitAsync();
        if (farewell.IsCompleted) return;
        farewells.Add(farewell);
        _ = farewell.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private void Forget(Task farewell)
    {
        lock (gate) farewells.Remove(farewell);
    }

    private void Sweep()
    {
        lock (gate)
        {
            // The oldest stand first. The clock is read once: between two readings the wait for one that stays could become negative, which
            // is no wait, and nobody catches what a timer's callback throws.
            var now = time.GetTimestamp();
            while (idle.Count > 0 && time.GetElapsedTime(idle[0].IdleSince, now) >= IdleLimit)
            {
                SayFarewell_NeedsLock(idle[0]);
                idle.RemoveAt(0);
            }

            if (idle.Count == 0 || closed) return;
            var left = IdleLimit - time.GetElapsedTime(idle[0].IdleSince, now);
            sweep.Change(left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }
}
