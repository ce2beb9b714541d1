using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Nightmail.Server.Api;

namespace Nightmail.Server.Security;

/// <summary>
/// Slows those down who try keys and login links. Whoever has a right one never waits, so that nobody can lock anybody out; an answer to a wrong
/// one comes the later the more of them came from the same address lately.
/// </summary>
internal sealed class FailureBrake(TimeProvider time, ServerOptions options)
{
    /// <summary>The wait after the first failure too many; it doubles with each further one.</summary>
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest wait: twelve tries a minute, against keys of 256 bits.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <summary>Failures older than this are forgotten.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    /// <summary>Answers that wait for one address at once; more are refused, so that waiting costs us nothing.</summary>
    private const int MostWaiting = 10;

    /// <summary>Addresses that are remembered; with more, the one that failed the longest ago is forgotten.</summary>
    private const int MostAddresses = 10_000;

    private readonly Lock gate = new();
    private readonly Dictionary<string, Culprit> culprits = [];

    /// <summary>Counts a failure and waits as long as its answer has to.</summary>
    /// <exception cref="ApiProblem">429: too many of this address wait already.</exception>
    public async Task PunishAsync(HttpContext context)
    {
        var address = AddressOf(context);
        TimeSpan delay;
        Culprit culprit;
        lock (gate)
        {
            culprit = Count_NeedsGate(address);
            delay = DelayAfter(culprit.Failures, options.FreeFailures);
            if (delay == TimeSpan.Zero) return;
            if (culprit.Waiting >= MostWaiting)
            {
                context.Response.Headers.RetryAfter = ((int)Longest.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
                throw new ApiProblem(StatusCodes.Status429TooManyRequests, "Too many failures", "too many wrong keys or links from this address");
            }

            culprit.Waiting++;
        }

        try
        {
            await Task.Delay(delay, time, context.RequestAborted);
        }
        finally
        {
            lock (gate) culprit.Waiting--;
        }
    }

    /// <summary>How long the answer to a failure waits. Pure.</summary>
    /// <param name="failures">Failures of the address so far, this one too.</param>
    /// <param name="free">As many are answered at once: a person who mistypes, a program that has the key of yesterday.</param>
    public static TimeSpan DelayAfter(int failures, int free)
    {
        var tooMany = failures - free;
        if (tooMany <= 0) return TimeSpan.Zero;
        return tooMany > 5 ? Longest : First * Math.Pow(2, tooMany - 1) is var wait && wait < Longest ? wait : Longest;
    }

    private Culprit Count_NeedsGate(string address)
    {
        var now = time.GetUtcNow();
        if (!culprits.TryGetValue(address, out var culprit))
        {
            if (culprits.Count >= MostAddresses) culprits.Remove(culprits.MinBy(each => each.Value.Last).Key);
            culprits.Add(address, culprit = new());
        }

        culprit.Failures = now - culprit.Last > Memory ? 1 : culprit.Failures + 1;
        culprit.Last = now;
        return culprit;
    }

    /// <summary>Who asks: the address that the connection or the trusted proxy names; of IPv6 the network, because one machine has a whole one.</summary>
    private string AddressOf(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress;
        // The last one is what our proxy saw; those before it are whatever the caller wrote.
        if (options.BehindProxy && context.Request.Headers["X-Forwarded-For"].ToString().Split(',')[^1].Trim() is { Length: > 0 } seen && IPAddress.TryParse(seen, out var forwarded)) address = forwarded;
        if (address is not { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false }) return address?.MapToIPv4().ToString() ?? "";
        return Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8));
    }

    private sealed class Culprit
    {
        public int Failures { get; set; }

        public int Waiting { get; set; }

        public DateTimeOffset Last { get; set; }
    }
}
