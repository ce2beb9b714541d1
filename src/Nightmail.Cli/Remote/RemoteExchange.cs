using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Cli.Remote;

/// <summary>Whole emails that come from a server for another store, or go to it from one.</summary>
/// <param name="server">The server.</param>
/// <param name="time">The clock.</param>
/// <param name="form">How they are worded on the way.</param>
internal sealed class RemoteExchange(ServerClient server, TimeProvider time, IEmailForm form)
{
    /// <summary>A request ends behind so many bytes, so that it stays small enough for any proxy on the way.</summary>
    private const int RequestBytes = 4 * 1024 * 1024;

    /// <summary>And behind so many emails.</summary>
    private const int RequestEmails = 500;

    /// <summary>The emails of the server that belong to no campaign. Each that is there all the time comes once, whatever is changed meanwhile.</summary>
    public async IAsyncEnumerable<ImportedEmail> ExportAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? cursor = null;
        do
        {
            var page = await server.AskAsync(ServerRequest.Get(cursor is null ? "api/emails/export" : $"api/emails/export?cursor={Uri.EscapeDataString(cursor)}"), cancellationToken);
            foreach (var email in page.ItemsOf("items")) yield return Read(email);
            cursor = page.TextOf("next");
        }
        while (cursor is not null);
    }

    /// <summary>Gives them to the server. A lost answer is asked for again, and is then the first one.</summary>
    public async Task<IReadOnlyList<ImportResult>> ImportAsync(IReadOnlyList<ImportedEmail> emails, CancellationToken cancellationToken)
    {
        var results = new List<ImportResult>();
        while (results.Count < emails.Count)
        {
            var (body, some) = Body(emails, results.Count);
            var request = new ServerRequest(HttpMethod.Post, "api/emails/import") { Json = body, IdempotencyKey = RemoteQueue.NewKey(time), WhenLost = "say it again: what has arrived stays, and nothing is doubled" };
            var answers = (await server.AskAsync(request, cancellationToken)).ItemsOf("results").ToList();
            if (answers.Count != some) throw CommandFailure.Refused("the server answered with something that is no result of an import; is it a nightmail server of another version?");
            results.AddRange(answers.Select((answer, index) => Result(answer, emails[results.Count + index].Email)).ToList());
        }

        return results;
    }

    private ImportedEmail Read(JsonElement email)
    {
        try
        {
            return form.Read(Encoding.UTF8.GetBytes(email.GetRawText()));
        }
        catch (FormatException broken)
        {
            throw CommandFailure.Refused($"the server answered with something that is no email ({broken.Message}); is it a nightmail server of another version?");
        }
    }

    private (byte[] Body, int Count) Body(IReadOnlyList<ImportedEmail> emails, int start)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var next = start;
        using (var json = new Utf8JsonWriter(buffer, new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartArray("emails");
            for (; next < emails.Count && next - start < RequestEmails && (next == start || json.BytesCommitted + json.BytesPending < RequestBytes); next++) form.Write(json, emails[next]);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return (buffer.WrittenSpan.ToArray(), next - start);
    }

    private static ImportResult Result(JsonElement answer, ScheduledEmail sent)
    {
        switch (answer.TextOf("result"))
        {
            case "imported":
                return new ImportResult.Imported(sent with { Status = EmailStatusNames.ParseStatus(answer.TextOf("status")) ?? sent.Status, LastError = answer.TextOf("error") });
            case "exists":
                return new ImportResult.Exists(sent.Id);
            case "keyTaken" when EmailId.TryParse(answer.TextOf("by") ?? "", out var other):
                return new ImportResult.KeyTaken(sent.Id, other);
            default:
                return new ImportResult.NotTaken(sent.Id, answer.TextOf("error") ?? "the server does not say why");
        }
    }
}
