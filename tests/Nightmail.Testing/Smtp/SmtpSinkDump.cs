using System.Text;

namespace Nightmail.Testing.Smtp;

/// <summary>
/// Reads a capture file of smtp-sink: its own header lines (<c>X-Client-Addr</c> … a folded <c>Received</c>), the message with LF line
/// ends, an empty line.
/// </summary>
internal static class SmtpSinkDump
{
    /// <summary>The message, or null when the file is not a finished capture.</summary>
    public static ReceivedMessage? Read(byte[] file, int sequence)
    {
        var text = Encoding.Latin1.GetString(file);
        if (!text.EndsWith("\n\n", StringComparison.Ordinal)) return null;
        string? from = null;
        string[] parameters = [];
        var recipients = new List<string>();
        var position = 0;
        var inReceived = false;
        while (position < text.Length)
        {
            var end = text.IndexOf('\n', position);
            if (end < 0) return null;
            var line = text[position..end];
            if (inReceived && !line.StartsWith('\t')) break;
            position = end + 1;
            if (line.StartsWith("X-Mail-Args: ", StringComparison.Ordinal)) (from, parameters) = Path(line["X-Mail-Args: ".Length..]);
            if (line.StartsWith("X-Rcpt-Args: ", StringComparison.Ordinal)) recipients.Add(Path(line["X-Rcpt-Args: ".Length..]).Address);
            inReceived |= line.StartsWith("Received: ", StringComparison.Ordinal);
        }

        if (!inReceived || from is null) return null;
        var message = Encoding.Latin1.GetBytes(text[position..^1].Replace("\n", "\r\n", StringComparison.Ordinal));
        return new ReceivedMessage(sequence, from, recipients, message) { MailParameters = parameters };
    }

    private static (string Address, string[] Parameters) Path(string arguments)
    {
        var end = arguments.LastIndexOf('>');
        var address = Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(arguments[1..end]));
        return (address, arguments[(end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }
}
