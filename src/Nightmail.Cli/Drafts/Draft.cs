using Nightmail.Core.Emails;

namespace Nightmail.Cli.Drafts;

/// <summary>
/// A message that was read from the command line but is not yet scheduled. Everything that can be wrong with its files is found out
/// before anything is kept.
/// </summary>
internal abstract class Draft : IAsyncDisposable
{
    /// <summary>The message without its files.</summary>
    public abstract EmailContent Content { get; }

    /// <summary>The Message-ID that it brings, or null.</summary>
    public virtual string? MessageId => null;

    /// <summary>Reads the message.</summary>
    /// <exception cref="CommandFailure">A file cannot be read, or something is worded wrongly.</exception>
    public static async Task<Draft> OpenAsync(MessageWords words, Session session, CancellationToken cancellationToken) =>
        words.Eml is null ? await WordedDraft.ReadAsync(words, session, cancellationToken) : await CompleteDraft.ReadAsync(words, session, cancellationToken);

    /// <summary>Keeps copies of its files; when this returns they are on stable storage.</summary>
    /// <returns>The message with its files.</returns>
    public abstract Task<EmailContent> KeepFilesAsync(Session session, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
