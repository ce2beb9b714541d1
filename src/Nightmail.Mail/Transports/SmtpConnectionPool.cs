using System.Runtime.CompilerServices;
using Nightmail.Core.Accounts;
using Nightmail.Mail.Smtp;

namespace Nightmail.Mail.Transports;

/// <summary>
/// The connections of one account: never more than its limit, kept while there is work, newest used first so that spare ones end. Who waits for
/// one gets it in the order of coming; a server that takes commands together is told the envelope of the first in line behind the email before.
/// </summary>
internal sealed class SmtpConnectionPool : IAsyncDisposable
{
    /// <summary>How long a connection waits for the next email. Servers commonly hang up after a minute or more.</summary>
    public static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(30);

    /// <summary>So many envelopes in a row that were said ahead and got no answer show a server that does not hear them, whatever it says.</summary>
    private const int DeafLimit = 2;

    private readonly SmtpConnector connector;
    private readonly AccountLimits limits;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly Queue<Turn> waiting = [];
    private readonly List<SmtpConnection> idle = [];
    private readonly HashSet<Task> farewells = [];
    private readonly ITimer sweep;
    private int places;
    private int unheard;
    private bool closed;

    /// <summary>An empty pool.</summary>
    public SmtpConnectionPool(SmtpConnector connector, AccountLimits limits, TimeProvider time)
    {
        (this.connector, this.limits, this.time, places) = (connector, limits, time, limits.Connections);
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

    /// <summary>Waits for a place, and takes an idle connection, one that is handed over, or makes one.</summary>
    /// <exception cref="ConversationBrokenException">None could be made; the place is free again.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up; no place is taken.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<SmtpConnection> RentAsync(Turn turn)
    {
        if (!TryTakePlace(turn, out var connection))
        {
            await using (turn.Patience.Token.UnsafeRegister(static turn => ((Turn)turn!).GiveUp(), turn)) connection = await turn.Granted;
        }

        return connection ?? await ConnectAsync(turn.Patience);
    }

    /// <summary>Makes a new connection in the place of one that turned out dead.</summary>
    /// <exception cref="ConversationBrokenException">None could be made; the place is free again.</exception>
    public Task<SmtpConnection> ReplaceAsync(SmtpConnection dead, TimeToBegin patience)
    {
        dead.Dispose();
        return ConnectAsync(patience);
    }

    /// <summary>Gives a connection back: to whose envelope was said on it, to the first in line, or to the idle ones.</summary>
    public void Return(SmtpConnection connection)
    {
        connection.Channel.Disarm();
        Turn? next;
        SmtpConnection? handedOver = null;
        lock (gate)
        {
            next = connection.Next;
            connection.Next = null;
            var isAwaited = next is not null && next.TryEnd_NeedsLock();
            // An envelope that nobody wants any more cannot be taken back: the server waits for a message. So the connection goes.
            if (next is not null && !isAwaited) connection.Drop();
            if (isAwaited && connection.IsUsable && !connection.Channel.IsAborted) handedOver = connection;
            else
            {
                if (!isAwaited) next = First_NeedsLock();
                else next!.ForgetAhead();
                handedOver = Keep_NeedsLock(connection, isWanted: next is not null);
                if (next is null) places++;
            }
        }

        next?.Grant(handedOver);
    }

    /// <summary>Says the envelope of the first in line behind the email that is on its way over the connection, if there is one and the server takes that.</summary>
    /// <returns>Whose it is; <see cref="Return"/> hands the connection over to them.</returns>
    public Turn? SayNext(SmtpConnection connection)
    {
        lock (gate)
        {
            if (unheard >= DeafLimit || IsWorn(connection)) return null;
            while (waiting.TryPeek(out var first))
            {
                if (first.IsOver) waiting.Dequeue();
                else return first.TrySayAhead(connection) ? waiting.Dequeue() : null;
            }

            return null;
        }
    }

    /// <summary>Takes somebody out of the line who does not want to wait any more.</summary>
    public void GiveUp(Turn turn)
    {
        lock (gate)
        {
            if (!turn.TryEnd_NeedsLock()) return;
        }

        turn.Refuse(turn.Patience.IsOver
            ? TimeToBegin.Over(connector.Peer, SmtpPhase.Connecting, "waiting for a free connection")
            : new OperationCanceledException(turn.Patience.Token));
    }

    /// <summary>Learns whether an envelope that was said ahead was answered.</summary>
    public void Heard(bool isAnswered) => Volatile.Write(ref unheard, isAnswered ? 0 : unheard + 1);

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
            FreePlace();
            throw;
        }
    }

    /// <summary>Takes a place and perhaps an idle connection, or stands in line.</summary>
    private bool TryTakePlace(Turn turn, out SmtpConnection? connection)
    {
        connection = null;
        lock (gate)
        {
            if (places == 0)
            {
                waiting.Enqueue(turn);
                return false;
            }

            places--;
            while (connection is null && idle.Count > 0)
            {
                var newest = idle[^1];
                idle.RemoveAt(idle.Count - 1);
                if (newest.IsInPlace) connection = newest;
                else newest.Dispose();
            }
        }

        return true;
    }

    private void FreePlace()
    {
        Turn? next;
        lock (gate)
        {
            next = First_NeedsLock();
            if (next is null) places++;
        }

        next?.Grant(null);
    }

    private Turn? First_NeedsLock()
    {
        while (waiting.TryDequeue(out var first))
        {
            if (first.TryEnd_NeedsLock()) return first;
        }

        return null;
    }

    private bool IsWorn(SmtpConnection connection) =>
        connection.Transactions >= Math.Min(limits.EmailsPerConnection, connection.Capabilities.MaxTransactions ?? int.MaxValue);

    /// <summary>Keeps a connection that can still be used, or ends it.</summary>
    /// <returns>The connection where it can be used and is wanted at once.</returns>
    private SmtpConnection? Keep_NeedsLock(SmtpConnection connection, bool isWanted)
    {
        if (!connection.IsInPlace)
        {
            connection.Dispose();
            return null;
        }

        if (closed || IsWorn(connection))
        {
            SayFarewell_NeedsLock(connection);
            return null;
        }

        if (isWanted) return connection;
        connection.IdleSince = time.GetTimestamp();
        idle.Add(connection);
        // One timer a pool: it is set when the pool was empty, and sets itself while it is not.
        if (idle.Count == 1) sweep.Change(IdleLimit, Timeout.InfiniteTimeSpan);
        return null;
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
