using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Store.File.Format;

namespace Nightmail.Store.File.Ledger;

/// <summary>One ledger entry as compact JSON. Sequence and email come first, so that a reader can sort lines without reading them whole.</summary>
internal static class LedgerJson
{
    private const string NoEmail = "shortened";
    private static readonly string[] Kinds = ["begin", "outcome", "cancel", "pause", "resume", "reschedule", "edit", "retry", "mark_sent", "reopen", "over"];
    private static readonly string[] Verdicts = ["delivered", "deferred", "bounced", "in_doubt", "untried"];
    private static readonly string[] Faults = ["auth", "quota", "reputation", "network", "tls", "sender", "protocol", "configuration"];

    private static readonly string[] Names =
        ["sequence", "email", "kind", "at", "attempt", "transaction", "worker", "account", "recipients", "fault", "reason", "next_attempt", "date", "from", "scheduled_for", "wish", "status", "since"];

    private static readonly string[] RecipientNames = ["address", "verdict", "code", "enhanced", "text"];
    private static readonly string[] FaultNames = ["reason", "words"];
    private static readonly JsonWriterOptions Options = new() { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The entry's JSON.</summary>
    public static byte[] Write(LedgerEntry entry)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var writer = new Utf8JsonWriter(buffer, Options);
        writer.WriteStartObject();
        writer.WriteNumber("sequence", entry.Sequence);
        writer.WriteString("email", entry.Email.ToString());
        writer.WriteString("kind", Kinds[(int)entry.Kind]);
        writer.Time("at", entry.At);
        if (entry.Attempt != 0) writer.WriteNumber("attempt", entry.Attempt);
        if (entry.Transaction != 0) writer.WriteNumber("transaction", entry.Transaction);
        writer.Text("worker", entry.Worker);
        writer.Text("account", entry.Account);
        if (entry.Recipients.Count > 0) WriteRecipients(writer, entry.Recipients);
        if (entry.Fault is { } fault)
        {
            writer.WriteStartObject("fault");
            writer.WriteString("reason", Faults[(int)fault.Reason]);
            writer.WriteString("words", fault.Words);
            writer.WriteEndObject();
        }

        writer.Text("reason", entry.Reason?.Name());
        writer.Time("next_attempt", entry.NextAttempt);
        writer.Time("date", entry.Date);
        writer.Text("from", entry.From);
        writer.Time("scheduled_for", entry.ScheduledFor);
        if (entry.Wish is { } wish)
        {
            writer.WriteStartObject("wish");
            writer.WriteString(QueueKeys.Wish[0], wish.Local);
            writer.WriteString(QueueKeys.Wish[1], wish.TimeZone);
            writer.WriteString(QueueKeys.Wish[2], wish.RulesVersion);
            writer.Time(QueueKeys.Wish[3], wish.Gave);
            writer.WriteEndObject();
        }

        writer.Text("status", entry.Status?.Name());
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>A line that says which numbers were left out on purpose.</summary>
    public static byte[] LeftOut(long since, long until) => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"sequence\":{until},\"kind\":\"left_out\",\"since\":{since}}}"));

    /// <summary>
    /// The first line of a segment that was shortened: it takes no further line. Where an email's name stands it has a word that is none, so that a
    /// program which knows nothing of shortening refuses the ledger, as it refuses whatever it does not understand.
    /// </summary>
    public static byte[] Sealed() => Encoding.UTF8.GetBytes($"{{\"sequence\":0,\"email\":\"{NoEmail}\",\"kind\":\"sealed\"}}");

    /// <summary>The entry of a line's JSON.</summary>
    /// <exception cref="FormatException">It is none; the line's check passed, so another program wrote it.</exception>
    public static LedgerEntry Read(ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        json.Read();
        var (sequence, attempt, transaction) = (0L, 0, 0);
        var (kind, email, at) = ((LedgerKind?)null, default(EmailId), (DateTimeOffset?)null);
        var (worker, account, from) = ((string?)null, (string?)null, (string?)null);
        IReadOnlyList<RecipientOutcome> recipients = [];
        AccountFault? fault = null;
        FailureReason? reason = null;
        DateTimeOffset? next = null, date = null, scheduled = null;
        Wish? wish = null;
        EmailStatus? status = null;
        while (Lenient.NextProperty(ref json, Names) is { } index)
        {
            switch (index)
            {
                case 0: sequence = Lenient.Whole(ref json) ?? 0; break;
                case 1: email = EmailId.Parse(Lenient.Text(ref json) ?? ""); break;
                case 2: kind = (LedgerKind)Find(Kinds, Lenient.Text(ref json)); break;
                case 3: at = UnixTime.Read(ref json); break;
                case 4: attempt = Lenient.Count(ref json); break;
                case 5: transaction = Lenient.Count(ref json); break;
                case 6: worker = Lenient.Text(ref json); break;
                case 7: account = Lenient.Text(ref json); break;
                case 8: recipients = ReadRecipients(ref json); break;
                case 9: fault = ReadFault(ref json); break;
                case 10: reason = EmailStatusNames.ParseReason(Lenient.Text(ref json)); break;
                case 11: next = UnixTime.Read(ref json); break;
                case 12: date = UnixTime.Read(ref json); break;
                case 13: from = Lenient.Text(ref json); break;
                case 14: scheduled = UnixTime.Read(ref json); break;
                case 15: wish = ReadWish(ref json); break;
                case 16: status = EmailStatusNames.ParseStatus(Lenient.Text(ref json)); break;
                default: json.Skip(); break;
            }
        }

        return new()
        {
            Sequence = sequence, Kind = kind ?? throw new FormatException("a ledger line has no kind"), Email = email, At = at ?? default,
            Attempt = attempt, Transaction = transaction, Worker = worker, Account = account, Recipients = recipients, Fault = fault,
            Reason = reason, NextAttempt = next, Date = date, From = from, ScheduledFor = scheduled, Wish = wish, Status = status,
        };
    }

    /// <summary>Only sequence and email of a line's JSON, and of a begin what the rate limits count.</summary>
    public static LedgerHead ReadHead(ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        json.Read();
        var (sequence, email, begins, attempt) = (0L, default(EmailId), (bool?)null, 0);
        var (account, at, since, isOver) = ((string?)null, default(DateTimeOffset), 0L, false);
        while ((sequence == 0 || email == default || begins is null || (begins.Value && account is null)) && Lenient.NextProperty(ref json, Names) is { } index)
        {
            if (index == 0) sequence = Lenient.Whole(ref json) ?? 0;
            else if (index == 1) email = json.ValueTextEquals(NoEmail) ? default : EmailId.Parse(Lenient.Text(ref json) ?? "");
            else if (index == 2) (begins, isOver) = (json.ValueTextEquals(Kinds[(int)LedgerKind.Begin]), json.ValueTextEquals(Kinds[(int)LedgerKind.Over]));
            else if (index == 3) at = UnixTime.Read(ref json) ?? default;
            else if (index == 4) attempt = Lenient.Count(ref json);
            else if (index == 7) account = Lenient.Text(ref json) ?? "";
            else if (index == 17) since = Lenient.Whole(ref json) ?? 0;
            else json.Skip();
        }

        return new(sequence, email, begins is true ? account : null, attempt, at) { Since = since > 0 ? since : sequence, IsOver = isOver };
    }

    private static void WriteRecipients(Utf8JsonWriter writer, IReadOnlyList<RecipientOutcome> recipients)
    {
        writer.WriteStartArray("recipients");
        foreach (var recipient in recipients)
        {
            writer.WriteStartObject();
            writer.WriteString("address", recipient.Address);
            writer.WriteString("verdict", Verdicts[(int)recipient.Verdict]);
            if (recipient.Reply is { } reply)
            {
                writer.WriteNumber("code", reply.Code);
                writer.Text("enhanced", reply.Enhanced);
                writer.WriteString("text", reply.Text);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static List<RecipientOutcome> ReadRecipients(ref Utf8JsonReader json)
    {
        var list = new List<RecipientOutcome>();
        while (json.Read() && json.TokenType == JsonTokenType.StartObject)
        {
            var (address, verdict, code, enhanced, text) = ("", Verdict.Untried, (int?)null, (string?)null, "");
            while (Lenient.NextProperty(ref json, RecipientNames) is { } index)
            {
                switch (index)
                {
                    case 0: address = Lenient.Text(ref json) ?? ""; break;
                    case 1: verdict = (Verdict)Find(Verdicts, Lenient.Text(ref json)); break;
                    case 2: code = Lenient.Count(ref json); break;
                    case 3: enhanced = Lenient.Text(ref json); break;
                    case 4: text = Lenient.Text(ref json) ?? ""; break;
                    default: json.Skip(); break;
                }
            }

            list.Add(new(address, verdict, code is { } digits ? new Reply(digits, enhanced, text) : null));
        }

        return list;
    }

    private static AccountFault ReadFault(ref Utf8JsonReader json)
    {
        var (reason, words) = (AccountFaultReason.Network, "");
        while (Lenient.NextProperty(ref json, FaultNames) is { } index)
        {
            if (index == 0) reason = (AccountFaultReason)Find(Faults, Lenient.Text(ref json));
            else if (index == 1) words = Lenient.Text(ref json) ?? "";
            else json.Skip();
        }

        return new(reason, words);
    }

    private static Wish? ReadWish(ref Utf8JsonReader json)
    {
        var unknown = false;
        return EmailParts.Wish(ref json, ref unknown);
    }

    private static int Find(string[] words, string? word) =>
        Array.IndexOf(words, word) is >= 0 and var index ? index : throw new FormatException($"'{word}' is not known; a newer program may have written it");
}

/// <summary>The first part of a line.</summary>
/// <param name="Sequence">Its sequence.</param>
/// <param name="Email">Its email.</param>
/// <param name="Account">Of a begin: the account; null for everything else.</param>
/// <param name="Attempt">Of a begin: the attempt.</param>
/// <param name="At">Of a begin: when.</param>
internal readonly record struct LedgerHead(long Sequence, EmailId Email, string? Account, int Attempt, DateTimeOffset At)
{
    /// <summary>The first number that it stands for.</summary>
    public long Since { get; init; }

    /// <summary>True for an email's last word.</summary>
    public bool IsOver { get; init; }

    /// <summary>True for a line that only says which numbers were left out.</summary>
    public bool IsLeftOut => Email == default && Sequence > 0;

    /// <summary>True for the line that says of its segment that it was shortened.</summary>
    public bool IsSealed => Email == default && Sequence == 0;
}
