using System.Security.Cryptography;
using System.Text;
using Nightmail.Core.Emails;

namespace Nightmail.Core.Scheduling;

/// <summary>
/// The hash by which a repeated schedule call is known: SHA-256 over everything in the request that says what is to be sent, to whom and
/// when, as worded. Each field goes in with its length, so no two requests read alike.
/// </summary>
internal sealed class RequestHash : IDisposable
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    private RequestHash()
    {
    }

    /// <summary>The hash, lower-case hex. Who schedules is not part of it.</summary>
    public static string Of(ScheduleRequest request)
    {
        using var hash = new RequestHash();
        hash.Add("nightmail request 1");
        // Where words were given they count, not the instant: "in 10m" names another one in each call.
        hash.Add(request.AtAsWorded ?? Instant(request.ScheduledFor));
        hash.Add(request.NotAfterAsWorded ?? (request.NotAfter is { } last ? Instant(last) : null));
        hash.Add(request.Account);
        hash.Add(request.MessageId);
        hash.Add(request.Content);
        return Convert.ToHexStringLower(hash.hash.GetHashAndReset());
    }

    /// <inheritdoc/>
    public void Dispose() => hash.Dispose();

    private void Add(EmailContent content)
    {
        Add(content.From);
        Add(content.To);
        Add(content.Cc);
        Add(content.Bcc);
        Add(content.Subject);
        Add(content.Text);
        Add(content.Html);
        Add([.. content.Headers.SelectMany(header => (string[])[header.Name, header.Value])]);
        Add(content.Attachments.Count.ToString());
        foreach (var attachment in content.Attachments)
        {
            Add(attachment.FileName);
            Add(attachment.ContentType);
            Add(attachment.ContentId);
            Add(attachment.Blob.Sha256);
        }

        Add(content.Eml?.Sha256);
    }

    private void Add(IReadOnlyList<string> values)
    {
        Add(values.Count.ToString());
        foreach (var value in values) Add(value);
    }

    private void Add(string? value)
    {
        if (value is null)
        {
            hash.AppendData("-;"u8);
            return;
        }

        var bytes = Encoding.UTF8.GetBytes(value);
        hash.AppendData(Encoding.ASCII.GetBytes($"{bytes.Length}:"));
        hash.AppendData(bytes);
        hash.AppendData(";"u8);
    }

    private static string Instant(DateTimeOffset instant) => $"@{instant.UtcTicks}";
}
