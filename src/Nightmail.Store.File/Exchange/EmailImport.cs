using System.Security.Cryptography;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Store.File.Exchange;

/// <summary>Takes an export into a store: first it is read whole and judged, then the store is changed, a batch at a time.</summary>
public static class EmailImport
{
    /// <summary>So many emails share one write. A queue file is rewritten for each batch.</summary>
    private const int BatchEmails = 1000;

    /// <summary>And so much of their lines: they are held in memory until then.</summary>
    private const long BatchBytes = 8 * 1024 * 1024;

    /// <summary>Reads the whole of it and changes nothing.</summary>
    /// <returns>How many emails there are.</returns>
    /// <exception cref="ImportException">It is no whole export; the message says where in it and why.</exception>
    public static async Task<int> CheckAsync(Stream input, CancellationToken cancellationToken)
    {
        using var reader = new ExportReader(input);
        var count = 0;
        while (await reader.NextAsync(cancellationToken) is { } line)
        {
            if (line is ExportLine.Part first) await CheckAsync(reader, first, cancellationToken);
            else count++;
        }

        return count;
    }

    /// <summary>
    /// Takes it in. What is here already stays as it is, so that an import that was cut off goes on when it is called again; an email that cannot be
    /// taken keeps no other back.
    /// </summary>
    /// <param name="input">The export.</param>
    /// <param name="store">Takes the emails.</param>
    /// <param name="blobs">Takes the bytes that they refer to.</param>
    /// <param name="report">Gets what was done, also where an exception ends it: what it says by then stands.</param>
    /// <param name="cancellationToken">Stops between two lines.</param>
    /// <exception cref="ImportException">It is no whole export any more, which a check would have said.</exception>
    public static async Task RunAsync(Stream input, IEmailQueue store, IBlobStore blobs, ImportReport report, CancellationToken cancellationToken)
    {
        using var reader = new ExportReader(input);
        var batch = new List<ImportedEmail>();
        var kept = new HashSet<BlobRef>();
        var size = 0L;
        while (await reader.NextAsync(cancellationToken) is { } line)
        {
            if (line is ExportLine.Part first)
            {
                await using var bytes = new PartStream(reader, first);
                if (await blobs.AddAsync(bytes, cancellationToken) != first.Blob) throw reader.At(Changed(first.Blob));
                kept.Add(first.Blob);
                continue;
            }

            var email = ((ExportLine.Email)line).Imported;
            if (Lacking(email.Email, kept, blobs) is { } lacking)
            {
                report.Take([new ImportResult.NotTaken(email.Email.Id, Arrival.Lacks(lacking))]);
                continue;
            }

            batch.Add(email);
            size += SizeOf(email);
            if (batch.Count < BatchEmails && size < BatchBytes) continue;
            report.Take(await store.ImportAsync(batch, cancellationToken));
            batch.Clear();
            size = 0;
        }

        if (batch.Count > 0) report.Take(await store.ImportAsync(batch, cancellationToken));
    }

    private static async Task CheckAsync(ExportReader reader, ExportLine.Part first, CancellationToken cancellationToken)
    {
        await using var bytes = new PartStream(reader, first);
        if (Convert.ToHexStringLower(await SHA256.HashDataAsync(bytes, cancellationToken)) != first.Blob.Sha256) throw reader.At(Changed(first.Blob));
    }

    /// <summary>Bytes that the email still needs and that are neither in the export nor here; those that lie here damaged count as lost.</summary>
    private static BlobRef? Lacking(ScheduledEmail email, HashSet<BlobRef> kept, IBlobStore blobs)
    {
        if (email.Status.IsFinal()) return null;
        foreach (var blob in email.Content.Blobs)
        {
            if (kept.Contains(blob)) continue;
            try
            {
                blobs.Open(blob).Dispose();
                kept.Add(blob);
            }
            catch (StoreException)
            {
                return blob;
            }
        }

        return null;
    }

    private static string Changed(BlobRef blob) => $"the bytes {blob.Sha256} are others than their name says; export it again";

    private static long SizeOf(ImportedEmail each) => each.Email.Content is var content ? (content.Text?.Length ?? 0) + (content.Html?.Length ?? 0) + (each.Unknown?.Length ?? 0) + content.Subject.Length : 0;
}

/// <summary>What an import did.</summary>
public sealed class ImportReport
{
    private readonly List<EmailId> held = [], existing = [];
    private readonly List<ImportResult.KeyTaken> taken = [];
    private readonly List<ImportResult.NotTaken> notTaken = [];

    /// <summary>How many are here now that were not before.</summary>
    public int Imported { get; private set; }

    /// <summary>Those of them that wait for a person, because nobody can tell whether they have left.</summary>
    public IReadOnlyList<EmailId> Held => held;

    /// <summary>Those of them that will leave by themselves.</summary>
    public int Waiting { get; private set; }

    /// <summary>Those that were here already.</summary>
    public IReadOnlyList<EmailId> Existing => existing;

    /// <summary>Those whose idempotency keys have made other emails here.</summary>
    public IReadOnlyList<ImportResult.KeyTaken> KeysTaken => taken;

    /// <summary>Those that cannot be kept here.</summary>
    public IReadOnlyList<ImportResult.NotTaken> NotTaken => notTaken;

    internal void Take(IReadOnlyList<ImportResult> results)
    {
        foreach (var result in results)
        {
            switch (result)
            {
                case ImportResult.Imported { Email: var email }:
                    Imported++;
                    if (Settlement.IsHeld(email)) held.Add(email.Id);
                    if (email.Status == EmailStatus.Pending) Waiting++;
                    break;
                case ImportResult.Exists { Id: var id }:
                    existing.Add(id);
                    break;
                case ImportResult.KeyTaken other:
                    taken.Add(other);
                    break;
                case ImportResult.NotTaken lacking:
                    notTaken.Add(lacking);
                    break;
            }
        }
    }
}
