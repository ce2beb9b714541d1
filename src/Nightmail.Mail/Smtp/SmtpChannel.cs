using System.Buffers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using Nightmail.Core.Delivery;

namespace Nightmail.Mail.Smtp;

/// <summary>
/// The bytes of one connection: buffered lines in, buffered commands out, a time limit on every wait. A limit that passes, or
/// <see cref="Abort"/>, closes the socket under whoever waits; so no wait needs a cancellation of its own.
/// </summary>
internal sealed class SmtpChannel : IDisposable
{
    /// <summary>Longest reply line. RFC 5321 4.5.3.1.5 allows 512; some servers say more.</summary>
    public const int MaxLine = 4_096;

    /// <summary>A message of ordinary size leaves in one write, together with its final dot.</summary>
    private const int OutputSize = 32 * 1_024;

    private readonly Socket socket;
    private readonly ITimer timer;
    private readonly ReplyAssembler assembler = new();
    private byte[] input = ArrayPool<byte>.Shared.Rent(MaxLine);
    private byte[] output = ArrayPool<byte>.Shared.Rent(OutputSize);
    private int inputStart;
    private int inputEnd;
    private int outputLength;
    private TlsRecords? records;
    private TimeSpan limit;
    private volatile bool timedOut;
    private volatile bool aborted;

    /// <summary>Takes over a connected socket.</summary>
    public SmtpChannel(Socket socket, string peer, TimeProvider time)
    {
        this.socket = socket;
        Peer = peer;
        Stream = new NetworkStream(socket, ownsSocket: true);
        timer = time.CreateTimer(static channel => ((SmtpChannel)channel!).TimeOut(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary><c>host:port</c>, for words.</summary>
    public string Peer { get; }

    /// <summary>How far the conversation has come.</summary>
    public SmtpPhase Phase { get; set; } = SmtpPhase.Greeting;

    /// <summary>The stream below; TLS replaces it.</summary>
    public Stream Stream { get; private set; }

    /// <summary>The lines of the last reply.</summary>
    public IReadOnlyList<string> Lines => assembler.Lines;

    /// <summary>True when the server has said more than was read.</summary>
    public bool HasInput => inputStart < inputEnd;

    /// <summary>The same, and what lies in records that came together with what was read.</summary>
    public bool HasMore => HasInput || records is { HasBytes: true };

    /// <summary>
    /// True when the server has said something that nobody has read. Over TLS these are records that nobody has opened: words, or a goodbye; what TLS
    /// itself has to say after its handshake comes before the server's first word.
    /// </summary>
    public bool HasUnread()
    {
        try
        {
            return HasMore || socket.Available > 0;
        }
        catch (Exception gone) when (IsLoss(gone))
        {
            // Whoever writes or reads next finds out.
            return false;
        }
    }

    /// <summary>Free room for bytes to send.</summary>
    public Span<byte> Free => output.AsSpan(outputLength);

    /// <summary>True once nothing more can be said: cancelled, timed out or dropped.</summary>
    public bool IsAborted => aborted || timedOut;

    /// <summary>The address that the server sees, as an address literal (RFC 5321 4.1.3).</summary>
    public string LocalLiteral => socket.LocalEndPoint is System.Net.IPEndPoint { Address: var address }
        ? address.IsIPv4MappedToIPv6 || address.AddressFamily == AddressFamily.InterNetwork ? $"[{address.MapToIPv4()}]" : $"[IPv6:{address}]"
        : "[127.0.0.1]";

    /// <summary>The bytes below TLS, record by record; a handshake over them is to begin.</summary>
    public Stream BeginTls() => records = new TlsRecords(Stream);

    /// <summary>Goes on over TLS. What the server said before the handshake, and we had not read, is forgotten: it was not protected.</summary>
    public void UpgradeTo(Stream protectedStream)
    {
        inputStart = inputEnd = 0;
        Stream = protectedStream;
        // A record is read out whole, beside the beginning of a line: nothing of it stays where nobody can see it.
        ArrayPool<byte>.Shared.Return(input);
        input = ArrayPool<byte>.Shared.Rent(MaxLine + TlsRecords.MaxText);
    }

    /// <summary>Counts bytes put into <see cref="Free"/>.</summary>
    public void Advance(int count) => outputLength += count;

    /// <summary>Adds a line to what the next flush sends, UTF-8, and ends it.</summary>
    public void SayLine(string line)
    {
        var needed = outputLength + Encoding.UTF8.GetMaxByteCount(line.Length) + 2;
        if (needed > output.Length) Grow(needed);
        outputLength += Encoding.UTF8.GetBytes(line, output.AsSpan(outputLength));
        output[outputLength++] = (byte)'\r';
        output[outputLength++] = (byte)'\n';
    }

    /// <summary>Says one command and waits for its reply.</summary>
    /// <exception cref="ConversationBrokenException">The connection is gone, or what came is no reply.</exception>
    public async Task<Reply> AskAsync(string command)
    {
        SayLine(command);
        await FlushAsync(SmtpTimeLimits.Command);
        return await ReadReplyAsync(SmtpTimeLimits.Command);
    }

    /// <summary>Sends what was said, in one write.</summary>
    /// <exception cref="ConversationBrokenException">The connection is gone.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask FlushAsync(TimeSpan within)
    {
        if (outputLength == 0) return;
        Arm(within);
        try
        {
            await Stream.WriteAsync(output.AsMemory(0, outputLength));
            outputLength = 0;
        }
        catch (Exception lost) when (IsLoss(lost))
        {
            throw Broken(lost);
        }
    }

    /// <summary>The same, for a message that writes itself synchronously.</summary>
    public void Flush(TimeSpan within)
    {
        Arm(within);
        try
        {
            Stream.Write(output, 0, outputLength);
            outputLength = 0;
        }
        catch (Exception lost) when (IsLoss(lost))
        {
            throw Broken(lost);
        }
    }

    /// <summary>Waits for the next whole reply.</summary>
    /// <exception cref="ConversationBrokenException">The connection is gone, or what came is no reply.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Reply> ReadReplyAsync(TimeSpan within)
    {
        var armed = false;
        while (true)
        {
            var newline = input.AsSpan(inputStart, inputEnd - inputStart).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                var line = input.AsSpan(inputStart, newline);
                inputStart += newline + 1;
                if (line is [.. var text, (byte)'\r']) line = text;
                if (!assembler.TryAdd(line, out var reply)) throw Broken(AccountFaultReason.Protocol, "what the server says is no SMTP reply");
                if (reply is not null) return reply;
                continue;
            }

            if (!armed) Arm(within);
            armed = true;
            await FillAsync();
        }
    }

    /// <summary>Stops the clock of the last limit.</summary>
    public void Disarm() => timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>Starts a limit for what follows.</summary>
    public void Arm(TimeSpan within)
    {
        limit = within;
        timer.Change(within, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Cuts the connection at once, from any thread; what was said but not sent is never sent.</summary>
    public void Abort()
    {
        aborted = true;
        socket.Close(0);
    }

    /// <summary>An exception for this phase.</summary>
    public ConversationBrokenException Broken(AccountFaultReason reason, string words, Reply? reply = null) =>
        new(Phase, new(reason, $"{Peer}, {Phase.Words()}: {words}") { SlowsDown = reply is { } said && AsksForLess(said) }, reply) { TimedOut = timedOut };

    /// <summary>What a lost connection means in this phase.</summary>
    public ConversationBrokenException Broken(Exception lost) =>
        Lost((lost as SocketException ?? lost.InnerException as SocketException) is { } error ? $"connection lost ({error.SocketErrorCode})" : "connection lost");

    /// <summary>True for what a stream throws when its connection is gone.</summary>
    public static bool IsLoss(Exception exception) =>
        exception is IOException or SocketException or ObjectDisposedException or InvalidOperationException or OperationCanceledException;

    /// <inheritdoc/>
    public void Dispose()
    {
        timer.Dispose();
        Stream.Dispose();
        socket.Dispose();
        // Whoever waited has ended by now: only the conversation's owner disposes of it.
        ArrayPool<byte>.Shared.Return(Interlocked.Exchange(ref input, []));
        ArrayPool<byte>.Shared.Return(Interlocked.Exchange(ref output, []));
    }

    /// <summary>421 at any time, and a greeting that says "not now": the server is there and has enough for the moment.</summary>
    private bool AsksForLess(Reply reply) => reply.Code == 421 || (Phase == SmtpPhase.Greeting && reply.Code is >= 400 and < 500);

    private static string Words(TimeSpan limit) => limit.TotalMinutes >= 1 ? $"{limit.TotalMinutes:0} min" : $"{limit.TotalSeconds:0} s";

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FillAsync()
    {
        if (inputStart > 0)
        {
            input.AsSpan(inputStart, inputEnd - inputStart).CopyTo(input);
            inputEnd -= inputStart;
            inputStart = 0;
        }

        if (inputEnd >= MaxLine) throw Broken(AccountFaultReason.Protocol, $"the server sent a line longer than {MaxLine} bytes");
        int count;
        try
        {
            count = await Stream.ReadAsync(input.AsMemory(inputEnd));
        }
        catch (Exception lost) when (IsLoss(lost))
        {
            throw Broken(lost);
        }

        if (count == 0) throw Lost("connection closed by the server");
        inputEnd += count;
    }

    /// <summary>An exception for a connection that is gone, and who ended it.</summary>
    private ConversationBrokenException Lost(string otherwise) =>
        Broken(AccountFaultReason.Network, timedOut ? $"no answer within {Words(limit)}" : aborted ? "broken off" : otherwise);

    private void TimeOut()
    {
        timedOut = true;
        socket.Close(0);
    }

    private void Grow(int needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent(needed * 2);
        output.AsSpan(0, outputLength).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(output);
        output = larger;
    }
}
