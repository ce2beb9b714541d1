using System.Security.Cryptography;
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
    /// <exception cref="ImportException">It cannot be taken; the message says where in it and why.</exception>
    public static async Task<int> CheckAsync(Stream input, IBlobStore blobs, CancellationToken cancellationToken)
    {
        using var reader = new ExportReader(input);
        var here = new HashSet<BlobRef>();
        var count = 0;
        while (await reader.NextAsync(cancellationToken) is { } line)
        {
            if (line is ExportLine.Part first)
            {
                await CheckAsync(reader, first, cancellationToken);
                here.Add(first.Blob);
            }
            else if (line is ExportLine.Email { Imported.Email: var email })
            {
                count++;
                if (!email.Status.IsFinal()) RequireBlobs(reader, email, here, blobs);
            }
        }

        return count;
    }

    /// <summary>Takes it in. What is here already stays as it is, so that an import that was cut off goes on when it is called again.</summary>
    /// <exception cref="ImportException">It cannot be taken, which a check would have said.</exception>
    /// <exception cref="StoreException">The store could not take all of it; the message says how many it has.</exception>
    public static async Task<ImportReport> RunAsync(Stream input, IEmailStore store, IBlobStore blobs, CancellationToken cancellationToken)
    {
        using var reader = new ExportReader(input);
        var report = new ImportReport();
        var batch = new List<ImportedEmail>();
        var size = 0L;
        try
        {
            while (await reader.NextAsync(cancellationToken) is { } line)
            {
                if (line is ExportLine.Part first)
                {
                    await using var bytes = new PartStream(reader, first);
                    if (await blobs.AddAsync(bytes, cancellationToken) != first.Blob) throw reader.At(Changed(first.Blob));
                    continue;
                }

                var email = ((ExportLine.Email)line).Imported;
                batch.Add(email);
                size += SizeOf(email);
                if (batch.Count < BatchEmails && size < BatchBytes) continue;
                report.Take(await store.ImportAsync(batch, cancellationToken));
                batch.Clear();
                size = 0;
            }

            if (batch.Count > 0) report.Take(await store.ImportAsync(batch, cancellationToken));
            return report;
        }
        catch (StoreException stopped) when (report.Imported > 0)
        {
            throw new StoreException(stopped.Trouble, $"{stopped.Message} ({report.Imported} emails were imported before that; the same command goes on from there)", stopped);
        }
    }

    private static async Task CheckAsync(ExportReader reader, ExportLine.Part first, CancellationToken cancellationToken)
    {
        await using var bytes = new PartStream(reader, first);
        if (Convert.ToHexStringLower(await SHA256.HashDataAsync(bytes, cancellationToken)) != first.Blob.Sha256) throw reader.At(Changed(first.Blob));
    }

    private static void RequireBlobs(ExportReader reader, ScheduledEmail email, HashSet<BlobRef> here, IBlobStore blobs)
    {
        var needed = email.Content.Attachments.Select(attachment => attachment.Blob);
        if (email.Content.Eml is { } eml) needed = needed.Append(eml);
        foreach (var blob in needed)
        {
            if (!here.Add(blob)) continue;
            try
            {
                blobs.Open(blob).Dispose();
            }
            catch (StoreException)
            {
                throw reader.At($"{email.Id} needs the bytes {blob.Sha256}, and they are neither in this file nor here; where they were exported they were missing");
            }
        }
    }

    private static string Changed(BlobRef blob) => $"the bytes {blob.Sha256} are others than their name says; export it again";

    private static long SizeOf(ImportedEmail each) => each.Email.Content is var content ? (content.Text?.Length ?? 0) + (content.Html?.Length ?? 0) + (each.Unknown?.Length ?? 0) + content.Subject.Length : 0;
}

/// <summary>What an import did.</summary>
public sealed class ImportReport
{
    private readonly List<EmailId> held = [], existing = [];
    private readonly List<ImportResult.KeyTaken> taken = [];

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

    internal void Take(IReadOnlyList<ImportResult> results)
    {
        foreach (var result in results)
        {
            switch (result)
            {
                case ImportResult.Imported { Email: var email }:
                    Imported++;
                    if (Core.Delivery.Settlement.IsHeld(email)) held.Add(email.Id);
                    if (email.Status == EmailStatus.Pending) Waiting++;
                    break;
                case ImportResult.Exists { Id: var id }:
                    existing.Add(id);
                    break;
                case ImportResult.KeyTaken other:
                    taken.Add(other);
                    break;
            }
        }
    }
}
