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

/// <summary>Sorts what servers and programs say into what follows from it: one table, as data. The enhanced status code decides over the three digits.</summary>
public static class ReplyClassifier
{
    /// <summary>The meaning of a reply at that step.</summary>
    public static ReplyMeaning Classify(SmtpStage stage, Reply reply) => throw new NotSupportedException("to be written");
}
