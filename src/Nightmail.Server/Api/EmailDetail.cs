using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Server.Api;

/// <summary>What is kept of an email besides its state: enough to show it as the command line does, and to put it into words elsewhere.</summary>
public sealed record EmailDetail
{
    /// <summary>When its row last changed.</summary>
    public required string LastModified { get; init; }

    /// <summary>The account it must go through; null: any that may send it.</summary>
    public string? RequiredAccount { get; init; }

    /// <summary>The account of the last attempt.</summary>
    public string? LastAccount { get; init; }

    /// <summary>Not sent after this.</summary>
    public string? NotAfter { get; init; }

    /// <summary>Who scheduled it.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>The From header of the first attempt, where the email names none.</summary>
    public string? FrozenFrom { get; init; }

    /// <summary>When a person last had it tried again.</summary>
    public string? RetriedAt { get; init; }

    /// <summary>The server's words when it took the email.</summary>
    public string? SentReply { get; init; }

    /// <summary>Claims in a row that were lost before they began.</summary>
    public int LostClaims { get; init; }

    /// <summary>How often it was deferred.</summary>
    public int Deferrals { get; init; }

    /// <summary>How often in a row an account could not send it.</summary>
    public int AccountFailures { get; init; }

    /// <summary>The accounts that could not send it.</summary>
    public IReadOnlyList<string>? FailedAccounts { get; init; }

    /// <summary>Its recipients once they differ.</summary>
    public IReadOnlyList<RecipientState>? Recipients { get; init; }

    /// <summary>What it says; only where one email is asked for.</summary>
    public ContentShape? Content { get; init; }

    /// <summary>The detail of an email.</summary>
    internal static EmailDetail Of(ScheduledEmail email, bool withContent) => new()
    {
        LastModified = ApiTimes.Text(email.LastModified), RequiredAccount = email.Account, LastAccount = email.LastAccount, NotAfter = ApiTimes.Text(email.NotAfter), CreatedBy = email.CreatedBy,
        FrozenFrom = email.FrozenFrom, RetriedAt = ApiTimes.Text(email.RetriedAt), SentReply = email.SentReply, LostClaims = email.LostClaims, Deferrals = email.Deferrals,
        AccountFailures = email.AccountFailures, FailedAccounts = email.FailedAccounts.Count > 0 ? email.FailedAccounts : null,
        Recipients = email.Recipients.Count > 0 ? [.. email.Recipients.Select(each => new RecipientState(each.Address, RecipientState.Name(each.Status), each.Reply))] : null,
        Content = withContent ? ContentShape.Of(email.Content) : null,
    };
}

/// <summary>How far one recipient is: <c>pending</c>, <c>delivered</c>, <c>rejected</c>, <c>in_doubt</c>.</summary>
public sealed record RecipientState(string Address, string Status, string? Reply)
{
    internal static string Name(RecipientStatus status) => status == RecipientStatus.InDoubt ? "in_doubt" : status.ToString().ToLowerInvariant();
}

/// <summary>A header field.</summary>
public sealed record HeaderShape
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its value, unencoded.</summary>
    public required string Value { get; init; }
}

/// <summary>Bytes that were uploaded: what <c>POST /api/blobs</c> answered.</summary>
public record BlobShape
{
    /// <summary>Lower-case hex.</summary>
    public required string Sha256 { get; init; }

    /// <summary>In bytes.</summary>
    public required long Size { get; init; }
}

/// <summary>A file that travels with an email.</summary>
public sealed record AttachmentShape : BlobShape
{
    /// <summary>Its name as the recipient sees it.</summary>
    public required string FileName { get; init; }

    /// <summary>The MIME type; null: derived from the name.</summary>
    public string? ContentType { get; set; }

    /// <summary>What the HTML calls it (<c>cid:…</c>).</summary>
    public string? ContentId { get; set; }
}

/// <summary>What an email says and to whom.</summary>
public record ContentShape
{
    /// <summary>The From mailbox; null: the account's.</summary>
    public string? From { get; set; }

    /// <summary>Recipients.</summary>
    public required IReadOnlyList<string> To { get; init; }

    /// <summary>Copies.</summary>
    public IReadOnlyList<string> Cc { get; set; } = [];

    /// <summary>Copies that nobody sees.</summary>
    public IReadOnlyList<string> Bcc { get; set; } = [];

    /// <summary>The subject.</summary>
    public required string Subject { get; init; }

    /// <summary>The text part.</summary>
    public string? Text { get; set; }

    /// <summary>The HTML part.</summary>
    public string? Html { get; set; }

    /// <summary>Further header fields.</summary>
    public IReadOnlyList<HeaderShape> Headers { get; set; } = [];

    /// <summary>Files, uploaded before.</summary>
    public IReadOnlyList<AttachmentShape> Attachments { get; set; } = [];

    /// <summary>A complete message, uploaded before; the other fields only describe it.</summary>
    public BlobShape? Message { get; set; }

    /// <summary>The content as the API shows it.</summary>
    internal static ContentShape Of(EmailContent content) => new()
    {
        From = content.From, To = content.To, Cc = content.Cc, Bcc = content.Bcc, Subject = content.Subject, Text = content.Text, Html = content.Html,
        Headers = [.. content.Headers.Select(header => new HeaderShape { Name = header.Name, Value = header.Value })],
        Attachments = [.. content.Attachments.Select(file => new AttachmentShape { FileName = file.FileName, Sha256 = file.Blob.Sha256, Size = file.Blob.Size, ContentType = file.ContentType, ContentId = file.ContentId })],
        Message = content.Eml is { } eml ? new() { Sha256 = eml.Sha256, Size = eml.Size } : null,
    };

    /// <summary>The content, once it is sure that what it refers to was uploaded.</summary>
    /// <exception cref="ApiProblem">422: it was not.</exception>
    internal EmailContent Read(IBlobStore blobs)
    {
        for (var index = 0; index < Attachments.Count; index++) Require(blobs, $"attachments[{index}]", Attachments[index]);
        if (Message is not null) Require(blobs, "message", Message);
        return new()
        {
            From = From, To = To, Cc = Cc, Bcc = Bcc, Subject = Subject, Text = Text, Html = Html,
            Headers = [.. Headers.Select(header => new HeaderField(header.Name, header.Value))],
            Attachments = [.. Attachments.Select(file => new Attachment(file.FileName, new(file.Sha256, file.Size)) { ContentType = file.ContentType, ContentId = file.ContentId })],
            Eml = Message is { } eml ? new(eml.Sha256, eml.Size) : null,
        };
    }

    private static void Require(IBlobStore blobs, string field, BlobShape blob)
    {
        try
        {
            using var _ = blobs.Open(new(blob.Sha256, blob.Size));
        }
        catch (StoreException missing)
        {
            throw ApiProblem.Invalid(field, $"nothing was uploaded with this hash and size: {missing.Message}");
        }
    }
}
