using System.Text.Encodings.Web;
using System.Text.Json;

namespace Nightmail.Store.File.Exchange;

/// <summary>
/// A queue as JSON lines, for another store. The first line says what it is; then emails in the form of the queue file, the bytes of what an
/// email refers to in lines before it; the last line holds the counts and the SHA-256 of all the lines before it.
/// </summary>
internal static class ExportFormat
{
    /// <summary>The version that is written. Another first number is a form that this program cannot know.</summary>
    public const string Version = "1.0";

    /// <summary>The name that only the first line has.</summary>
    public const string HeadName = "nightmail_export";

    /// <summary>The name that only lines with bytes have.</summary>
    public const string BlobName = "blob";

    /// <summary>The name that only the last line has.</summary>
    public const string EndName = "end";

    /// <summary>So many bytes travel in one line: what is attached may be large, and a line is held in memory.</summary>
    public const int PartBytes = 192 * 1024;

    /// <summary>No email that can be scheduled has a longer line: two bodies of two million characters, each escaped.</summary>
    public const int MaxLine = 64 * 1024 * 1024;

    /// <summary>Letters stay letters; it never becomes part of a web page.</summary>
    public static readonly JsonWriterOptions Options = new() { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static readonly string[] Head = [HeadName, "exported_at"];
    public static readonly string[] Blob = [BlobName, "size", "part", "data"];
    public static readonly string[] End = [EndName, "emails", "blobs", "sha256"];
}

/// <summary>What an export holds.</summary>
/// <param name="Emails">How many emails.</param>
/// <param name="Waiting">How many of them may still leave.</param>
/// <param name="Blobs">How many attachments and complete messages.</param>
/// <param name="Sha256">Of all lines but the last, lower-case hex.</param>
public sealed record ExportReport(int Emails, int Waiting, int Blobs, string Sha256)
{
    /// <summary>Attachments whose bytes are missing or damaged, in one line each; their emails are in it without them.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];
}
