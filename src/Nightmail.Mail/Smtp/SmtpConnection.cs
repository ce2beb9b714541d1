using Nightmail.Mail.Transports;

namespace Nightmail.Mail.Smtp;

/// <summary>A connection that is logged in and ready for transactions, one at a time.</summary>
internal sealed class SmtpConnection(SmtpChannel channel, ServerCapabilities capabilities) : IDisposable
{
    /// <summary>Its bytes.</summary>
    public SmtpChannel Channel => channel;

    /// <summary>What the server can do.</summary>
    public ServerCapabilities Capabilities => capabilities;

    /// <summary>Transactions that were begun on it.</summary>
    public int Transactions { get; set; }

    /// <summary>True when an earlier transaction was left open: RSET goes before the next.</summary>
    public bool NeedsReset { get; set; }

    /// <summary>False when nothing more may be said on it; then it is cut, without QUIT.</summary>
    public bool IsUsable { get; private set; } = true;

    /// <summary>Who has this connection next, because the envelope of their email was said behind this one's final dot; null: nobody yet.</summary>
    public Turn? Next { get; set; }

    /// <summary>When it was put back, by the time provider's timestamps.</summary>
    public long IdleSince { get; set; }

    /// <summary>
    /// True when another transaction may go over it. A word of the server's that nobody asked for would be taken as the answer to the next
    /// question, and every answer after it to the one before.
    /// </summary>
    public bool IsInPlace => IsUsable && !channel.IsAborted && !channel.HasUnread();

    /// <summary>Cuts it now; whatever the server has of a message stays without its end.</summary>
    public void Drop()
    {
        IsUsable = false;
        channel.Abort();
    }

    /// <summary>Says goodbye, waits a moment for the answer, and closes it.</summary>
    public async Task QuitAsync()
    {
        using (this)
        {
            if (!IsUsable) return;
            IsUsable = false;
            try
            {
                channel.SayLine("QUIT");
                await channel.FlushAsync(SmtpTimeLimits.Quit);
                await channel.ReadReplyAsync(SmtpTimeLimits.Quit);
            }
            catch (ConversationBrokenException)
            {
                // It is over either way.
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => channel.Dispose();
}
