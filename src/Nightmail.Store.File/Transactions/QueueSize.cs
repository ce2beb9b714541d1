using System.Globalization;
using Nightmail.Core.Storage;

namespace Nightmail.Store.File.Transactions;

/// <summary>
/// How large a queue may become. Nothing is added beyond <paramref name="most"/>, but what is in it goes on: being claimed, sent, cancelled and
/// pruned takes some room too, and for that there is eight times as much.
/// </summary>
/// <param name="most">So many bytes may be filled by what people put in.</param>
internal sealed class QueueSize(long most)
{
    /// <summary>What sending adds to an email, a claim and a reply for each recipient, is rarely more than the email is: eight times is never reached.</summary>
    private const int Headroom = 8;

    /// <summary>So large is a queue of any size, however it grew.</summary>
    public long Limit => most * Headroom;

    /// <summary>True for a size that a queue only has because it grew.</summary>
    public bool IsGrown(long length) => length > most;

    /// <summary>Why a queue of that size is not written; null: it is.</summary>
    /// <param name="length">In bytes.</param>
    /// <param name="adds">True where somebody adds to it.</param>
    public StoreException? Refusal(long length, bool adds) => length <= (adds ? most : Limit) ? null
        : new(StoreTrouble.Unwritable, $"the queue would have {Mebibytes(length)}, more than the {Mebibytes(adds ? most : Limit)} that a queue file holds; nothing was changed: "
            + "let final emails leave it sooner (scheduler.persistence.retention), put long texts into attachments, or name another queue with --queue");

    /// <summary>Throws what <see cref="Refusal"/> says.</summary>
    public void Check(long length, bool adds)
    {
        if (Refusal(length, adds) is { } refusal) throw refusal;
    }

    private static string Mebibytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0 / 1024.0:0.#} MiB");
}
