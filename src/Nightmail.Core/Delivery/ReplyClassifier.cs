using System.Globalization;

namespace Nightmail.Core.Delivery;

/// <summary>The step of an SMTP conversation that a reply answers.</summary>
public enum SmtpStage
{
    /// <summary>The greeting after the connection.</summary>
    Greeting,

    /// <summary>EHLO or HELO.</summary>
    Hello,

    /// <summary>STARTTLS.</summary>
    StartTls,

    /// <summary>AUTH and its challenges.</summary>
    Auth,

    /// <summary>MAIL FROM.</summary>
    MailFrom,

    /// <summary>RCPT TO.</summary>
    RcptTo,

    /// <summary>DATA, before the message.</summary>
    Data,

    /// <summary>The final dot.</summary>
    FinalDot,
}

/// <summary>What a reply means for the email.</summary>
public abstract record ReplyMeaning
{
    private ReplyMeaning()
    {
    }

    /// <summary>The server agrees.</summary>
    public sealed record Accepted : ReplyMeaning;

    /// <summary>Later, for this recipient or message.</summary>
    public sealed record Deferred : ReplyMeaning;

    /// <summary>Never, for this recipient or message.</summary>
    public sealed record Bounced : ReplyMeaning;

    /// <summary>The account cannot send; recipient and message are not to blame.</summary>
    public sealed record AccountFailure(AccountFaultReason Reason) : ReplyMeaning;
}

/// <summary>
/// Sorts what servers say into what follows from it: one table, as data, first match wins. The enhanced status code (RFC 3463) decides
/// over the three digits; one that the table does not know leaves the decision to them.
/// </summary>
public static class ReplyClassifier
{
    private const string Any = "*";
    private const string None = "-";

    private static readonly ReplyMeaning Accepted = new ReplyMeaning.Accepted();
    private static readonly ReplyMeaning Deferred = new ReplyMeaning.Deferred();
    private static readonly ReplyMeaning Bounced = new ReplyMeaning.Bounced();
    private static readonly ReplyMeaning Auth = new ReplyMeaning.AccountFailure(AccountFaultReason.Auth);
    private static readonly ReplyMeaning Quota = new ReplyMeaning.AccountFailure(AccountFaultReason.Quota);
    private static readonly ReplyMeaning Reputation = new ReplyMeaning.AccountFailure(AccountFaultReason.Reputation);
    private static readonly ReplyMeaning Network = new ReplyMeaning.AccountFailure(AccountFaultReason.Network);
    private static readonly ReplyMeaning Tls = new ReplyMeaning.AccountFailure(AccountFaultReason.Tls);
    private static readonly ReplyMeaning Sender = new ReplyMeaning.AccountFailure(AccountFaultReason.Sender);
    private static readonly ReplyMeaning Protocol = new ReplyMeaning.AccountFailure(AccountFaultReason.Protocol);

    private static readonly SmtpStage[] Everywhere = Enum.GetValues<SmtpStage>();
    private static readonly SmtpStage[] Greeting = [SmtpStage.Greeting];
    private static readonly SmtpStage[] Hello = [SmtpStage.Hello];
    private static readonly SmtpStage[] StartTls = [SmtpStage.StartTls];
    private static readonly SmtpStage[] Login = [SmtpStage.Auth];
    private static readonly SmtpStage[] From = [SmtpStage.MailFrom];
    private static readonly SmtpStage[] Recipient = [SmtpStage.RcptTo];
    private static readonly SmtpStage[] Data = [SmtpStage.Data];
    private static readonly SmtpStage[] Dot = [SmtpStage.FinalDot];
    private static readonly SmtpStage[] ButData = [.. Everywhere.Except(Data)];
    private static readonly SmtpStage[] Handover = [SmtpStage.RcptTo, SmtpStage.Data, SmtpStage.FinalDot];
    private static readonly SmtpStage[] Email = [SmtpStage.MailFrom, .. Handover];
    private static readonly SmtpStage[] ButRecipient = [.. Email.Except(Recipient)];

    /// <summary>Words by which servers say that the sender, not the recipient's mailbox, has had enough for now.</summary>
    private static readonly string[] RateWords =
        ["rate limit", "sending limit", "sending quota", "too many messages", "too many connections", "throttl"];

    private static readonly Row[] Table =
    [
        new(ButData, "2xx", Any, Accepted),
        new(Data, "354", Any, Accepted),
        new(Everywhere, "1xx 2xx 3xx", Any, Protocol),
        new(Everywhere, "421", Any, Quota) { Words = RateWords },
        new(Everywhere, "421", Any, Network),

        new(Greeting, Any, "x.7.x", Reputation),
        new(Greeting, Any, Any, Network),
        new(Hello, Any, "x.7.x", Reputation),
        new(Hello, "4xx", Any, Network),
        new(Hello, "500 501 502 503 504", Any, Protocol),
        new(Hello, Any, Any, Reputation),
        new(StartTls, Any, Any, Tls),
        // 454 and its like: the server cannot check the password now. That says nothing about the password.
        new(Login, "4xx", Any, Network),
        new(Login, Any, Any, Auth),

        // Codes that only a missing login or encryption gives (RFC 4954 6, RFC 3207 4).
        new(Email, "530 534 535 538", "- x.7.x", Auth),
        // At the final dot filters say it of the content ("554 5.7.0 Reject"); who may not send has heard so before.
        new(Dot, "550 552 553 554", "5.7.0", Bounced),
        // And of a recipient some say it who only will not have this email.
        new(Recipient, "53x", "5.7.8 5.7.0", Auth),
        new(ButRecipient, Any, "5.7.8 5.7.0", Auth),
        new(Email, Any, "x.1.7 x.1.8", Sender),
        // RFC 1870 6.2: the size named in MAIL FROM is the message's fault, not the sender's.
        new(From, Any, "5.3.4 5.2.3", Bounced),
        new(From, "552", None, Bounced),
        new(Email, Any, "4.7.28 5.4.5 x.5.3", Quota),
        new(Handover, Any, "x.1.x x.2.x x.6.x"),
        new(Email, Any, Any, Quota) { Words = RateWords },
        new(Email, Any, "4.3.x 4.4.x 4.5.x", Network),
        new(Email, "454", "- 4.7.x", Network),
        new(Email, Any, "5.5.1 5.5.2 5.5.4", Protocol),
        new(From, "500 501 502 503 504 555", Any, Protocol),
        new(From, Any, Any, Sender),
        new(Email, Any, "x.7.x"),
        new(Email, "500 501 502 503 504 555", Any, Protocol),
        new(Email, Any, Any),
    ];

    /// <summary>The meaning of a reply at that step.</summary>
    public static ReplyMeaning Classify(SmtpStage stage, Reply reply)
    {
        var enhanced = reply.Enhanced ?? "";
        // A code of success on a refusal is a slip of the server's; RFC 2034 4 forbids it.
        if (enhanced.StartsWith('2')) enhanced = "";
        Span<char> digits = stackalloc char[11];
        reply.Code.TryFormat(digits, out var length, provider: CultureInfo.InvariantCulture);
        var index = 0;
        while (!Table[index].Fits(stage, reply.Text, digits[..length], enhanced)) index++;
        if (Table[index].Meaning is { } meaning) return meaning;
        return (enhanced.Length > 0 ? enhanced[0] - '0' : reply.Code / 100) == 4 ? Deferred : Bounced;
    }

    /// <summary>One row.</summary>
    /// <param name="Stages">Where it holds.</param>
    /// <param name="Codes">The three digits it is about, <c>x</c> for any digit, separated by spaces.</param>
    /// <param name="Enhanced">The enhanced codes, likewise; <c>-</c> for none.</param>
    /// <param name="Meaning">What follows; null: later for a code of class 4, never for one of class 5.</param>
    private sealed record Row(SmtpStage[] Stages, string Codes, string Enhanced, ReplyMeaning? Meaning = null)
    {
        private readonly string[] codes = Codes.Split(' ');
        private readonly string[] enhancedCodes = Enhanced.Split(' ');

        /// <summary>One of these must stand in the text; empty: any text will do.</summary>
        public string[] Words { get; init; } = [];

        public bool Fits(SmtpStage stage, string text, ReadOnlySpan<char> code, string enhanced)
        {
            if (Array.IndexOf(Stages, stage) < 0 || (Codes != Any && !AnyMatches(codes, code)) || (Enhanced != Any && !AnyMatches(enhancedCodes, enhanced))) return false;
            if (Words.Length == 0) return true;
            foreach (var word in Words)
            {
                if (text.Contains(word, StringComparison.OrdinalIgnoreCase)) return true;
            }

            return false;
        }

        private static bool AnyMatches(string[] patterns, ReadOnlySpan<char> code)
        {
            foreach (var pattern in patterns)
            {
                if (pattern == None ? code.IsEmpty : Matches(pattern, code)) return true;
            }

            return false;
        }

        /// <summary>Compares dot by dot; a part <c>x</c> fits any number, and in three digits any digit.</summary>
        private static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> code)
        {
            if (!pattern.Contains('.')) return pattern.Length == code.Length && FitsDigits(pattern, code);
            while (true)
            {
                var (end, actualEnd) = (pattern.IndexOf('.'), code.IndexOf('.'));
                var part = end < 0 ? pattern : pattern[..end];
                var actual = actualEnd < 0 ? code : code[..actualEnd];
                if (part is not "x" && !part.SequenceEqual(actual)) return false;
                if (end < 0 || actualEnd < 0) return end < 0 && actualEnd < 0;
                pattern = pattern[(end + 1)..];
                code = code[(actualEnd + 1)..];
            }
        }

        private static bool FitsDigits(ReadOnlySpan<char> pattern, ReadOnlySpan<char> code)
        {
            for (var index = 0; index < pattern.Length; index++)
            {
                if (pattern[index] != 'x' && pattern[index] != code[index]) return false;
            }

            return true;
        }
    }
}
