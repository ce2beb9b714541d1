using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;

namespace Nightmail.Mail.Smtp;

/// <summary>Brings a connection from nothing to logged in. Failures to connect are tried again; what a server says is not.</summary>
internal sealed class SmtpConnector(TransportSettings.Smtp settings, RetryPolicy retry, TimeProvider time, Random random) : IDisposable
{
    private readonly LoginSecret? secret = settings.Login is { } login ? new(login, time) : null;

    /// <summary>Authorities to trust instead of the machine's; for tests.</summary>
    public X509Certificate2Collection? TrustedAuthorities { get; init; }

    /// <summary>Is told what will go wrong later though the login works now.</summary>
    public Action<string>? Warn { get; init; }

    /// <summary><c>host:port</c>, for words.</summary>
    public string Peer => $"{settings.Host}:{settings.Port}";

    /// <summary>A new connection, ready for mail.</summary>
    /// <exception cref="ConversationBrokenException">There is none, and why.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async Task<SmtpConnection> ConnectAsync(TimeToBegin patience)
    {
        try
        {
            return await ConnectAsync(patience, patience.Token);
        }
        catch (OperationCanceledException) when (patience.IsOver)
        {
            throw TimeToBegin.Over(Peer, SmtpPhase.Connecting);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => secret?.Dispose();

    private async Task<SmtpConnection> ConnectAsync(TimeToBegin patience, CancellationToken cancellationToken)
    {
        var renewed = false;
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await ConnectOnceAsync(patience, cancellationToken);
            }
            catch (ConversationBrokenException refused) when (refused.SecretHasChanged && !renewed && !patience.IsOver)
            {
                // A password that a person has changed, or a token that has ended, says nothing about the one that took its place.
                renewed = true;
            }
            catch (ConversationBrokenException broken)
            {
                // Whether a try or the wait after it was cut short by the end of the time makes no difference to anybody.
                if (patience.Broke(broken)) throw TimeToBegin.Over(Peer, broken.Phase);
                if (patience.IsOver) throw;
                cancellationToken.ThrowIfCancellationRequested();
                if (tries >= retry.MaxAttempts || !IsFailureToConnect(broken)) throw;
            }

            await Task.Delay(Wait(tries), time, cancellationToken);
        }
    }

    /// <summary>A server that could not be reached, or went away before it agreed. One that refused, or let us wait for minutes, is not asked again at once.</summary>
    private static bool IsFailureToConnect(ConversationBrokenException broken) =>
        broken is { Fault.Reason: AccountFaultReason.Network, Reply: null, TimedOut: false, Phase: SmtpPhase.Connecting or SmtpPhase.Greeting };

    /// <summary>What is said to it never leaves the machine.</summary>
    private static bool IsThisMachine(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private TimeSpan Wait(int tries)
    {
        // Random is not safe for several connections at once.
        lock (random) return retry.DelayAfter(tries, random);
    }

    private async Task<SmtpConnection> ConnectOnceAsync(TimeToBegin patience, CancellationToken cancellationToken)
    {
        if (settings.Login is not null && settings.Security == SmtpSecurity.None && !IsThisMachine(settings.Host))
        {
            throw new ConversationBrokenException(SmtpPhase.Auth, new(AccountFaultReason.Configuration,
                $"{Peer}, {SmtpPhase.Auth.Words()}: the password would travel in the clear, so nothing was sent; set security to starttls or tls, or leave the login out"));
        }

        var socket = await OpenAsync(cancellationToken);
        var channel = new SmtpChannel(socket, Peer, time);
        try
        {
            await using var breakOff = cancellationToken.UnsafeRegister(static channel => ((SmtpChannel)channel!).Abort(), channel);
            var capabilities = await GreetAsync(channel);
            if (secret is not null) await LoginAsync(channel, capabilities, cancellationToken);
            channel.Disarm();
            return new SmtpConnection(channel, capabilities);
        }
        catch (Exception broken)
        {
            channel.Dispose();
            if (patience.Broke(broken)) throw TimeToBegin.Over(Peer, channel.Phase);
            throw;
        }
    }

    private async Task<Socket> OpenAsync(CancellationToken cancellationToken)
    {
        SocketException? last = null;
        var addresses = await LookUpAsync(cancellationToken);
        var start = time.GetTimestamp();
        for (var i = 0; i < addresses.Length; i++)
        {
            var address = addresses[i];
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            using var limit = new CancellationTokenSource(ConnectLimit(time.GetElapsedTime(start), addresses.Length - i), time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            try
            {
                await socket.ConnectAsync(new IPEndPoint(address, settings.Port), either.Token);
                return socket;
            }
            catch (SocketException refused)
            {
                last = refused;
                socket.Dispose();
            }
            catch (OperationCanceledException)
            {
                socket.Dispose();
                cancellationToken.ThrowIfCancellationRequested();
                last = new SocketException((int)SocketError.TimedOut);
            }
        }

        throw Unreachable(last is null ? "no address" : Words(last.SocketErrorCode), last);
    }

    /// <summary>The time for the next address: an equal share of what is left, so that one that swallows packets leaves some to the others.</summary>
    /// <param name="elapsed">Used up by the addresses before.</param>
    /// <param name="left">Addresses that were not tried yet, at least one.</param>
    internal static TimeSpan ConnectLimit(TimeSpan elapsed, int left) =>
        elapsed < SmtpTimeLimits.Connect ? (SmtpTimeLimits.Connect - elapsed) / left : TimeSpan.Zero;

    private async Task<IPAddress[]> LookUpAsync(CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(settings.Host, out var literal)) return [literal];
        try
        {
            // The system's resolver cannot be stopped; only our waiting for it can.
            return await Dns.GetHostAddressesAsync(settings.Host, cancellationToken).WaitAsync(cancellationToken);
        }
        catch (Exception failed) when (failed is SocketException or ArgumentException)
        {
            var words = failed is SocketException { SocketErrorCode: var code } ? Words(code) : "not a host name";
            throw Unreachable($"look up the host: {words}", failed);
        }
    }

    private ConversationBrokenException Unreachable(string words, Exception? inner) =>
        new(SmtpPhase.Connecting, new(AccountFaultReason.Network, $"{Peer}, {SmtpPhase.Connecting.Words()}: {words}"), inner: inner);

    private async Task<ServerCapabilities> GreetAsync(SmtpChannel channel)
    {
        if (settings.Security == SmtpSecurity.Tls) await SmtpTls.ProtectAsync(channel, settings.Host, settings.CheckCertificate, TrustedAuthorities);
        channel.Phase = SmtpPhase.Greeting;
        Expect(channel, SmtpStage.Greeting, await channel.ReadReplyAsync(SmtpTimeLimits.Command));
        var capabilities = await HelloAsync(channel);
        if (settings.Security != SmtpSecurity.StartTls) return capabilities;

        channel.Phase = SmtpPhase.Tls;
        if (!capabilities.StartTls)
            throw channel.Broken(AccountFaultReason.Tls, "the server offers no STARTTLS, so nothing was sent; use its TLS port (465) or security none");
        Expect(channel, SmtpStage.StartTls, await channel.AskAsync("STARTTLS"));
        await SmtpTls.ProtectAsync(channel, settings.Host, settings.CheckCertificate, TrustedAuthorities);
        channel.Phase = SmtpPhase.Greeting;
        // What was said in the clear may have been anybody's words: RFC 3207 4.2 has us ask again.
        return await HelloAsync(channel);
    }

    private async Task<ServerCapabilities> HelloAsync(SmtpChannel channel)
    {
        var name = HelloName(channel);
        var reply = await channel.AskAsync($"EHLO {name}");
        if (reply.Code / 100 == 2) return ServerCapabilities.Parse(channel.Lines);
        // A server from before 1995 does not know EHLO; it can do without extensions, we cannot do without TLS or login where they are asked for.
        if (reply.Code is < 500 or > 504 || settings.Login is not null || settings.Security == SmtpSecurity.StartTls) Expect(channel, SmtpStage.Hello, reply);
        Expect(channel, SmtpStage.Hello, await channel.AskAsync($"HELO {name}"));
        return ServerCapabilities.None;
    }

    private string HelloName(SmtpChannel channel)
    {
        if (settings.HelloName is { } name)
            return name.Length > 0 && name.All(letter => letter is > ' ' and < '\x7f') ? name : throw channel.Broken(AccountFaultReason.Configuration, "the name for EHLO is no host name");
        var machine = Dns.GetHostName();
        // A name without a dot names nothing to the other side; RFC 5321 4.1.4 wants the address then.
        return machine.Contains('.') && Core.Emails.DomainName.TryToAscii(machine, out var ascii) ? ascii : channel.LocalLiteral;
    }

    private async Task LoginAsync(SmtpChannel channel, ServerCapabilities capabilities, CancellationToken cancellationToken)
    {
        channel.Phase = SmtpPhase.Auth;
        channel.Disarm();
        var (read, kept) = await secret!.GetAsync(cancellationToken);
        if (read.Warning is { } warning) Warn?.Invoke(warning);
        if (read.Value is not { } value) throw channel.Broken(read.Reason, read.Error!);
        try
        {
            await SmtpAuthentication.LoginAsync(channel, capabilities, settings, value);
        }
        catch (ConversationBrokenException refused) when (refused.Fault.Reason == AccountFaultReason.Auth)
        {
            secret.Forget(value);
            if (!kept) throw;
            var (now, _) = await secret.GetAsync(cancellationToken);
            if (now.Warning is { } later) Warn?.Invoke(later);
            throw new ConversationBrokenException(refused.Phase, refused.Fault, refused.Reply, refused) { SecretHasChanged = now.Value is not null && now.Value != value };
        }
    }

    private static void Expect(SmtpChannel channel, SmtpStage stage, Reply reply)
    {
        if (ReplyClassifier.Classify(stage, reply) is ReplyMeaning.AccountFailure failure) throw channel.Broken(failure.Reason, reply.ToString(), reply);
    }

    private static string Words(SocketError error) => error switch
    {
        SocketError.HostNotFound => "no such host",
        SocketError.TryAgain => "the name server does not answer",
        SocketError.ConnectionRefused => "connection refused",
        SocketError.TimedOut => "no answer",
        SocketError.NetworkUnreachable or SocketError.HostUnreachable => "unreachable",
        _ => error.ToString(),
    };
}
