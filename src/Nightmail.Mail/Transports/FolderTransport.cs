using Nightmail.Core.Delivery;
using Nightmail.Core.Storage;

namespace Nightmail.Mail.Transports;

/// <summary>
/// Puts every message into a folder as one <c>.eml</c> file: written under a hidden name, made durable, and only after begin renamed to a
/// name that sorts by time. Who reads the folder never sees half a message, and no file is ever overwritten.
/// </summary>
public sealed class FolderTransport(string folder, TimeProvider time) : ITransport
{
    /// <summary>The messages of one account are its owner's alone.</summary>
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <inheritdoc/>
    public async Task<DeliveryOutcome> DeliverAsync(Envelope envelope, IOutgoingMessage message, BeginDelivery begin, CancellationToken cancellationToken)
    {
        // A UUIDv7 sorts by its millisecond and never occurs twice.
        var now = time.GetUtcNow();
        var name = $"{now:yyyyMMdd'T'HHmmss'.'fff'Z'}-{Guid.CreateVersion7(now):N}.eml";
        var hidden = Path.Combine(folder, $".{name}.part");
        var target = Path.Combine(folder, name);
        var begun = false;
        try
        {
            Directory.CreateDirectory(folder);
            if (await WriteAsync(message, hidden, cancellationToken) is { } unreadable)
                return DeliveryOutcome.Of(Verdict.Deferred, envelope.Recipients, new(0, null, unreadable), begun: false) with { Phase = "body" };
            begun = await begin(envelope.Recipients, [], cancellationToken);
            if (!begun) return DeliveryOutcome.Of(Verdict.Untried, envelope.Recipients, null, begun: false) with { Phase = "body" };
            File.Move(hidden, target, overwrite: false);
            FolderSync.Flush(folder);
            return DeliveryOutcome.Of(Verdict.Delivered, envelope.Recipients, new(0, null, $"written to {target}"), begun: true) with { Phase = "answered" };
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            // A file that stands under its own name may have been taken away by a reader already, although it is not yet safe.
            if (begun && !File.Exists(hidden))
            {
                var doubt = new Reply(0, null, $"{target} was written, but may not be safe on disk: {failed.Message}");
                return DeliveryOutcome.Of(Verdict.InDoubt, envelope.Recipients, doubt, begun) with { FinalReply = null, Phase = "final dot" };
            }

            var fault = new AccountFault(AccountFaultReason.Configuration, $"cannot write to the folder {folder}: {failed.Message}");
            return DeliveryOutcome.OfFault(fault, envelope.Recipients, begun) with { Phase = "body" };
        }
        finally
        {
            Remove(hidden);
        }
    }

    /// <summary>Nothing is held between messages.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Writes the message and makes its bytes durable.</summary>
    /// <returns>Null, or why the message itself could not be read.</returns>
    private static async Task<string?> WriteAsync(IOutgoingMessage message, string path, CancellationToken cancellationToken)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
        await using var file = new FileStream(path, options);
        try
        {
            await message.CopyToAsync(file, cancellationToken);
        }
        catch (StoreException unreadable)
        {
            return $"the message could not be read: {unreadable.Message}";
        }

        if (file.Length != message.Length) return $"the message could not be read whole: {file.Length} of {message.Length} bytes";
        file.Flush(flushToDisk: true);
        return null;
    }

    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception left) when (left is IOException or UnauthorizedAccessException)
        {
            // A hidden left-over harms nobody.
        }
    }
}
