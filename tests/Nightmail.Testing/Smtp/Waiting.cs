using System.Diagnostics;

namespace Nightmail.Testing.Smtp;

/// <summary>Waits for a condition of the outside world, with a deadline.</summary>
public static class Waiting
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(10);

    /// <summary>Looks again and again until it holds.</summary>
    /// <returns>False when it did not within half a minute.</returns>
    public static async Task<bool> UntilAsync(Func<bool> holds)
    {
        var watch = Stopwatch.StartNew();
        while (!holds())
        {
            if (watch.Elapsed > GuardedProcess.Patience) return false;
            await Task.Delay(Step, TimeProvider.System);
        }

        return true;
    }

    /// <summary>Reads messages until there are enough.</summary>
    public static async Task<IReadOnlyList<ReceivedMessage>> ForMessagesAsync(Func<IReadOnlyList<ReceivedMessage>> read, int count)
    {
        IReadOnlyList<ReceivedMessage> messages = [];
        if (await UntilAsync(() => (messages = read()).Count >= count)) return messages;
        throw new TimeoutException($"the sink has {messages.Count} of {count} messages");
    }
}
