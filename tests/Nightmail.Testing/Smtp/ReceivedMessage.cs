namespace Nightmail.Testing.Smtp;

/// <summary>A message as a server took it.</summary>
/// <param name="Sequence">Counts from 1 in the order of arrival.</param>
/// <param name="From">The reverse path; empty for a null one.</param>
/// <param name="Recipients">The forward paths that were accepted, in order.</param>
/// <param name="Bytes">The message with its dots unstuffed.</param>
public sealed record ReceivedMessage(int Sequence, string From, IReadOnlyList<string> Recipients, byte[] Bytes)
{
    /// <summary>When the final dot arrived, by the server's clock; null where it keeps no such time.</summary>
    public DateTimeOffset? ReceivedAt { get; init; }

    /// <summary>The reply to the final dot; null when none was given (held back, or cut off).</summary>
    public string? Reply { get; init; }

    /// <summary>Who was logged in, or null.</summary>
    public string? User { get; init; }

    /// <summary>True when it came over TLS.</summary>
    public bool OverTls { get; init; }

    /// <summary>The parameters of MAIL FROM, as sent: <c>SIZE=120</c>, <c>BODY=8BITMIME</c>.</summary>
    public IReadOnlyList<string> MailParameters { get; init; } = [];

    /// <summary>False when the server refused it at the final dot.</summary>
    public bool Taken => Reply is null || Reply.StartsWith('2');

    /// <summary>The message as text, one character a byte.</summary>
    public string Text => System.Text.Encoding.Latin1.GetString(Bytes);

    /// <summary>The value of the first header field of that name, folded lines joined by a space; null when there is none.</summary>
    public string? Header(string name)
    {
        string? value = null;
        foreach (var line in Text.Split('\n').Select(line => line.TrimEnd('\r')))
        {
            if (line.Length == 0) break;
            if (value is not null)
            {
                if (line[0] is not (' ' or '\t')) break;
                value += " " + line.Trim();
            }
            else if (line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
            {
                value = line[(name.Length + 1)..].Trim();
            }
        }

        return value;
    }
}
