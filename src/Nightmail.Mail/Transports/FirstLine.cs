using System.Text;

namespace Nightmail.Mail.Transports;

/// <summary>
/// The first line of what a command prints. The rest is read too, so that the command is not held up by a full pipe, and forgotten.
/// </summary>
internal sealed class FirstLine
{
    private readonly Lock gate = new();
    private readonly StringBuilder text = new();
    private readonly TaskCompletionSource whole = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Reads until the other side is closed everywhere, or nobody needs it any more.</summary>
    /// <param name="reader">The pipe.</param>
    /// <param name="maxLength">Characters that are kept; one more says that there were more.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public FirstLine(StreamReader reader, int maxLength, CancellationToken cancellationToken) => _ = ReadAsync(reader, maxLength, cancellationToken);

    /// <summary>Completes when the line has its end.</summary>
    public Task Whole => whole.Task;

    /// <summary>What there is of it by now.</summary>
    public string Text
    {
        get
        {
            lock (gate) return text.ToString();
        }
    }

    private async Task ReadAsync(StreamReader reader, int maxLength, CancellationToken cancellationToken)
    {
        var buffer = new char[4_096];
        try
        {
            for (var count = 1; count > 0;)
            {
                count = await reader.ReadAsync(buffer, cancellationToken);
                if (!whole.Task.IsCompleted && Add(buffer.AsSpan(0, count), maxLength)) whole.TrySetResult();
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // There is no more of it than what came.
        }

        whole.TrySetResult();
    }

    /// <returns>True when nothing that follows belongs to it.</returns>
    private bool Add(ReadOnlySpan<char> piece, int maxLength)
    {
        var end = piece.IndexOfAny('\r', '\n');
        var part = end < 0 ? piece : piece[..end];
        lock (gate)
        {
            text.Append(part[..Math.Min(part.Length, maxLength + 1 - text.Length)]);
            return end >= 0 || text.Length > maxLength;
        }
    }
}
