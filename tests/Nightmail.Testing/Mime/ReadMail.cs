using System.Text.Json.Serialization;

namespace Nightmail.Testing.Mime;

/// <summary>A message as Python's <c>email</c> package understood it.</summary>
public sealed record ReadMail
{
    /// <summary>What stopped it; null when it read the message.</summary>
    public string? Error { get; init; }

    /// <summary>Every header field of the message itself, decoded, in order.</summary>
    public IReadOnlyList<ReadField> Headers { get; init; } = [];

    /// <summary>The mailboxes of From.</summary>
    public IReadOnlyList<ReadMailbox> From { get; init; } = [];

    /// <summary>The mailboxes of To.</summary>
    public IReadOnlyList<ReadMailbox> To { get; init; } = [];

    /// <summary>The mailboxes of Cc.</summary>
    public IReadOnlyList<ReadMailbox> Cc { get; init; } = [];

    /// <summary>The Subject, decoded.</summary>
    public string Subject { get; init; } = "";

    /// <summary>The Message-ID with its angle brackets.</summary>
    public string MessageId { get; init; } = "";

    /// <summary>The Date.</summary>
    public DateTimeOffset? Date { get; init; }

    /// <summary>How the parts lie in each other: <c>mixed(alternative(text/plain, text/html), application/pdf)</c>.</summary>
    public string Shape { get; init; } = "";

    /// <summary>The parts that are no multiparts, in order.</summary>
    public IReadOnlyList<ReadPart> Parts { get; init; } = [];

    /// <summary>What the reader found irregular.</summary>
    public IReadOnlyList<string> Defects { get; init; } = [];

    /// <summary>The decoded value of the first field of that name, or null.</summary>
    public string? Header(string name) => Headers.FirstOrDefault(field => string.Equals(field.Name, name, StringComparison.OrdinalIgnoreCase))?.Value;
}

/// <summary>A header field, decoded.</summary>
public sealed record ReadField(string Name, string Value);

/// <summary>A mailbox, its name decoded.</summary>
public sealed record ReadMailbox(string Name, string Address);

/// <summary>A part that is no multipart, its content decoded.</summary>
public sealed record ReadPart
{
    /// <summary>Its MIME type.</summary>
    public string Type { get; init; } = "";

    /// <summary>Its charset, in lower case.</summary>
    public string? Charset { get; init; }

    /// <summary>The method of an invitation.</summary>
    public string? Method { get; init; }

    /// <summary>Its Content-Transfer-Encoding.</summary>
    public string Encoding { get; init; } = "";

    /// <summary><c>attachment</c>, <c>inline</c> or null.</summary>
    public string? Disposition { get; init; }

    /// <summary>Its file name, decoded.</summary>
    public string? FileName { get; init; }

    /// <summary>Its Content-ID with the angle brackets.</summary>
    public string? ContentId { get; init; }

    /// <summary>Bytes after decoding.</summary>
    public long Size { get; init; }

    /// <summary>SHA-256 after decoding, lower-case hex.</summary>
    public string Sha256 { get; init; } = "";

    /// <summary>The text of a text part that is no file, with its line ends.</summary>
    public string? Text { get; init; }
}

/// <summary>Reads the script's JSON without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ReadMail))]
internal sealed partial class ReadMailJson : JsonSerializerContext;
