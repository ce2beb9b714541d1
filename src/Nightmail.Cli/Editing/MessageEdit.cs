using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;

namespace Nightmail.Cli.Editing;

/// <summary>What a person made of an email.</summary>
/// <param name="Content">Its content; a complete message's bytes are not kept yet.</param>
/// <param name="SendAt">The words of its new time; null: the time stays.</param>
internal sealed record EditedMessage(EmailContent Content, string? SendAt)
{
    /// <summary>The bytes of a complete message; null for a worded one.</summary>
    public byte[]? Complete { get; init; }

    /// <summary>Keeps the bytes of a complete message.</summary>
    /// <returns>The content as it can be kept.</returns>
    public async Task<EmailContent> KeepAsync(IBlobStore blobs, CancellationToken cancellationToken)
    {
        if (Complete is null) return Content;
        using var stream = new MemoryStream(Complete, writable: false);
        return Content with { Eml = await blobs.AddAsync(stream, cancellationToken) };
    }
}

/// <summary>One way of showing an email as a file that can be edited, and of reading it back.</summary>
internal abstract class MessageEdit
{
    /// <summary>The way for that email.</summary>
    public static MessageEdit Of(ScheduledEmail email, Session session)
    {
        var zone = email.Wish is { } wish && TimeZoneRules.Default.TryFind(wish.TimeZone, out var named, out _) ? named : session.Zone;

        // In an hour that comes twice, the explanation has the offset that tells which one it is; in a bracket behind it, what is of no use here.
        var sendAt = TimeWords.Explain(email.ScheduledFor, zone, session.Now).Split(" (")[0];
        return email.Content.Eml is { } eml ? new CompleteEdit(email, eml, sendAt, session.Blobs) : new WordedEdit(email.Content, sendAt);
    }

    /// <summary>The file.</summary>
    public abstract Task<byte[]> WriteAsync(CancellationToken cancellationToken);

    /// <summary>Reads it back.</summary>
    /// <exception cref="FormatException">It cannot be understood; one line why.</exception>
    public abstract EditedMessage Read(byte[] bytes);
}
