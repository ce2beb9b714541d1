using System.Security.Cryptography;
using System.Text;
using Nightmail.Core.Delivery;

namespace Nightmail.Mail.Mime;

/// <summary>One entity of MIME: header fields and a body (RFC 2045 2.4).</summary>
internal abstract record Part
{
    private Part()
    {
    }

    /// <summary>Text, encoded.</summary>
    /// <param name="Subtype"><c>plain</c> or <c>html</c>.</param>
    /// <param name="Body">The encoded text.</param>
    public sealed record Text(string Subtype, TextBody Body) : Part;

    /// <summary>A file.</summary>
    /// <param name="FileName">What the recipient sees.</param>
    /// <param name="ContentType">The type, with the parameters that the file itself gives it.</param>
    /// <param name="ContentId">Set for a part that the HTML shows.</param>
    /// <param name="Content">The encoded bytes.</param>
    /// <param name="Encoding">How they are encoded.</param>
    public sealed record File(string FileName, IReadOnlyList<string> ContentType, string? ContentId, ISegment Content, string Encoding) : Part;

    /// <summary>Parts in order, between boundaries.</summary>
    /// <param name="Subtype"><c>mixed</c>, <c>related</c> or <c>alternative</c>.</param>
    /// <param name="Boundary">Occurs nowhere in them.</param>
    /// <param name="Children">The parts.</param>
    public sealed record Multi(string Subtype, string Boundary, IReadOnlyList<Part> Children) : Part;
}

/// <summary>Writes header and parts as the segments of a message.</summary>
internal sealed class PartWriter
{
    private readonly List<ISegment> segments = [];
    private readonly StringBuilder pending = new();

    /// <summary>Writes text that is ASCII, or UTF-8 in the header of a message that needs SMTPUTF8.</summary>
    public void Write(string text) => pending.Append(text);

    /// <summary>Writes the fields of the part, the empty line and its body, which may lack a line end at its end.</summary>
    public void Write(Part part)
    {
        switch (part)
        {
            case Part.Text text:
                Write(Field("Content-Type", $"text/{text.Subtype}", "charset=utf-8"));
                Write(Field("Content-Transfer-Encoding", text.Body.Encoding) + "\r\n");
                Add(new MemorySegment(text.Body.Bytes));
                break;
            case Part.File file:
                Write(Field("Content-Type", [.. file.ContentType, .. Parameters.ForOldReaders("name", file.FileName)]));
                Write(Field("Content-Transfer-Encoding", file.Encoding));
                Write(Field("Content-Disposition", [file.ContentId is null ? "attachment" : "inline", .. Parameters.Rfc2231("filename", file.FileName)]));
                if (file.ContentId is not null) Write(Field("Content-ID", $"<{file.ContentId}>"));
                Write("\r\n");
                Add(file.Content);
                break;
            case Part.Multi multi:
                // RFC 2387 3.1: a related part names the type of its first part.
                string[] type = multi.Subtype == "related" ? ["type=\"text/html\""] : [];
                Write(Field("Content-Type", [$"multipart/{multi.Subtype}", .. type, $"boundary=\"{multi.Boundary}\""]) + "\r\n");
                foreach (var child in multi.Children)
                {
                    Write($"--{multi.Boundary}\r\n");
                    Write(child);
                    Write("\r\n");
                }

                Write($"--{multi.Boundary}--\r\n");
                break;
        }
    }

    /// <summary>What was written, as segments.</summary>
    public IReadOnlyList<ISegment> Finish()
    {
        Flush();
        return segments;
    }

    private void Add(ISegment segment)
    {
        Flush();
        segments.Add(segment);
    }

    private void Flush()
    {
        if (pending.Length == 0) return;
        segments.Add(new MemorySegment(Encoding.UTF8.GetBytes(pending.ToString())));
        pending.Clear();
    }

    private static string Field(string name, params IReadOnlyList<string> words)
    {
        var field = new FieldBuilder(name);
        for (var index = 0; index < words.Count; index++)
        {
            // The pieces of one quoted string follow each other without a semicolon.
            var ends = index == words.Count - 1 || words[index + 1].StartsWith("=?", StringComparison.Ordinal) ? "" : ";";
            field.Word(words[index] + ends);
        }

        return field.Finish();
    }
}

/// <summary>The lines between the parts of one message: the same in every attempt, and in no text that was written before them.</summary>
internal sealed class Boundaries(Core.Emails.EmailContent content, MessageIdentity identity)
{
    private string? seed;
    private int count;

    /// <summary>The next one.</summary>
    public string Next() => $"=_{++count}_{seed ??= Seed(content, identity)}";

    /// <summary>A hash over Message-ID and everything that is said, so that nothing said can hold it; 128 bits make chance no matter.</summary>
    private static string Seed(Core.Emails.EmailContent content, MessageIdentity identity)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(identity.MessageId);
        Add(content.Text ?? "");
        Add(content.Html ?? "");
        foreach (var attachment in content.Attachments) Add(attachment.Blob.Sha256);
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));

        void Add(string text)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(text));
            hash.AppendData([0]);
        }
    }
}
