using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Mail.Mime;

/// <summary>What the header of a complete message says, decoded.</summary>
public sealed record EmlHeader
{
    /// <summary>The Subject; empty when there is none.</summary>
    public string Subject { get; init; } = "";

    /// <summary>The mailboxes of From.</summary>
    public IReadOnlyList<Mailbox> From { get; init; } = [];

    /// <summary>The mailboxes of every To field.</summary>
    public IReadOnlyList<Mailbox> To { get; init; } = [];

    /// <summary>The mailboxes of every Cc field.</summary>
    public IReadOnlyList<Mailbox> Cc { get; init; } = [];

    /// <summary>The mailboxes of every Bcc field.</summary>
    public IReadOnlyList<Mailbox> Bcc { get; init; } = [];

    /// <summary>The Message-ID with its angle brackets; null when there is none or it cannot be read.</summary>
    public string? MessageId { get; init; }

    /// <summary>The Date; null when there is none or it cannot be read.</summary>
    public DateTimeOffset? Date { get; init; }

    /// <summary>What stands in <c>X-Send-At</c>, as worded; null when there is none.</summary>
    public string? SendAt { get; init; }

    /// <summary>What stands in <c>Deferred-Delivery</c>, as worded; null when there is none.</summary>
    public string? DeferredDelivery { get; init; }
}

/// <summary>Reads the header of a complete message (RFC 5322, 2047, 6532), to know to whom it goes.</summary>
public static class EmlReader
{
    /// <summary>Reads up to the empty line that ends the header; the body is not looked at, though some of it may have been read.</summary>
    /// <param name="message">The message from its start, with line ends of either kind.</param>
    /// <exception cref="MessageInvalidException">It is no message, its header is longer than 1 MiB, or an address cannot be read; names the line.</exception>
    public static EmlHeader ReadHeader(Stream message)
    {
        ArgumentNullException.ThrowIfNull(message);
        var scanner = new HeaderScanner();
        Span<byte> buffer = stackalloc byte[4 * 1024];
        int read;
        while ((read = message.Read(buffer)) > 0 && !scanner.Add(buffer[..read]))
        {
        }

        var section = scanner.Finish();
        return new EmlHeader
        {
            Subject = EncodedWords.Decode(Value(section, "Subject") ?? ""),
            From = Mailboxes(section, "From"),
            To = Mailboxes(section, "To"),
            Cc = Mailboxes(section, "Cc"),
            Bcc = Mailboxes(section, "Bcc"),
            MessageId = MessageIdOf(Value(section, "Message-ID")),
            Date = Value(section, "Date") is { } text && InternetDate.TryParse(text, out var date) ? date : null,
            SendAt = Value(section, "X-Send-At"),
            DeferredDelivery = Value(section, "Deferred-Delivery"),
        };
    }

    /// <summary>The first field of that name that says something.</summary>
    private static string? Value(HeaderSection section, string name) =>
        section.Named(name).Select(field => field.Value).FirstOrDefault(value => value.Length > 0);

    private static string? MessageIdOf(string? value)
    {
        if (value is null) return null;
        var start = value.IndexOf('<', StringComparison.Ordinal);
        var end = start < 0 ? -1 : value.IndexOf('>', start);
        return end > start + 1 && !value.AsSpan(start, end - start).ContainsAnyExceptInRange('!', '~') ? value[start..(end + 1)] : null;
    }

    private static List<Mailbox> Mailboxes(HeaderSection section, string name)
    {
        var mailboxes = new List<Mailbox>();
        foreach (var field in section.Named(name))
        {
            var value = field.Value;
            if (value.Length == 0) continue;
            if (!Mailbox.TryParseList(value, out var found, out var error)) throw new MessageInvalidException($"line {field.Line}: {name}: {error}");
            mailboxes.AddRange(found.Select(Decoded));
        }

        return mailboxes;
    }

    /// <summary>A name that decodes to something a name cannot hold keeps its encoded-words.</summary>
    internal static Mailbox Decoded(Mailbox mailbox)
    {
        var name = EncodedWords.Decode(mailbox.DisplayName);
        return name.Any(char.IsControl) ? mailbox : mailbox with { DisplayName = name };
    }
}
