using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Mail.Mime;
using Nightmail.Testing.Mime;
using Shouldly;

namespace Nightmail.Tests.Mail.Mime;

/// <summary>Composes messages the way an attempt does, and checks what holds for each of them.</summary>
internal static class Composing
{
    public const string From = "Grete Müller <grete@example.org>";

    public static readonly DateTimeOffset Date = new(2026, 3, 29, 9, 0, 0, TimeSpan.FromHours(2));

    public static readonly MessageIdentity Identity = new(From, Date, "<0193a1b2c3d4@example.org>");

    public static ScheduledEmail Email(EmailContent content) => new()
    {
        Id = EmailId.FromGuid(Guid.Parse("0193a1b2-c3d4-7000-8000-000000000001")),
        Content = content,
        ScheduledFor = Date,
        CreatedAt = Date,
    };

    public static async Task<IOutgoingMessage> ComposeAsync(EmailContent content, IBlobStore? blobs = null, MessageIdentity? identity = null) =>
        await new MessageComposer(blobs ?? new MemoryBlobStore()).ComposeAsync(Email(content), identity ?? Identity, CancellationToken.None);

    public static async Task<byte[]> BytesAsync(EmailContent content, IBlobStore? blobs = null, MessageIdentity? identity = null)
    {
        await using var message = await ComposeAsync(content, blobs, identity);
        return await BytesAsync(message);
    }

    public static async Task<byte[]> BytesAsync(CorpusMessage message)
    {
        var blobs = new MemoryBlobStore();
        await message.KeepFilesAsync(blobs);
        return await BytesAsync(message.Content, blobs);
    }

    /// <summary>The bytes, which have to be as many as were announced.</summary>
    public static async Task<byte[]> BytesAsync(IOutgoingMessage message)
    {
        using var written = new MemoryStream();
        await message.CopyToAsync(written, CancellationToken.None);
        written.Length.ShouldBe(message.Length);
        return written.ToArray();
    }

    /// <summary>What holds for everything that is composed: CRLF alone, no line too long, 7-bit, a CRLF at the end.</summary>
    public static void ShouldBeFitToSend(byte[] bytes)
    {
        bytes.AsSpan().ContainsAnyInRange<byte>(128, 255).ShouldBeFalse("8-bit");
        bytes.AsSpan().Contains((byte)0).ShouldBeFalse("NUL");
        var text = Encoding.ASCII.GetString(bytes);
        text.ShouldEndWith("\r\n");
        foreach (var line in text.Split("\r\n"))
        {
            if (line.AsSpan().ContainsAny('\r', '\n') || line.Length > 998) throw new ShouldAssertException($"a bare CR or LF, or a line of {line.Length}");
        }
    }

    /// <summary>The lines of the header section.</summary>
    public static string[] HeaderLines(byte[] bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        return text[..text.IndexOf("\r\n\r\n", StringComparison.Ordinal)].Split("\r\n");
    }
}
