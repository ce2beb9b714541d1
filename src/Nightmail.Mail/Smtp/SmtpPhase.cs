namespace Nightmail.Mail.Smtp;

/// <summary>How far a conversation has come. Only from <see cref="FinalDotSent"/> on may the email be out.</summary>
internal enum SmtpPhase
{
    /// <summary>Looking the server up and connecting to it.</summary>
    Connecting,

    /// <summary>Waiting for its greeting, and EHLO.</summary>
    Greeting,

    /// <summary>STARTTLS and the handshake.</summary>
    Tls,

    /// <summary>Logging in.</summary>
    Auth,

    /// <summary>MAIL FROM, RCPT TO, DATA.</summary>
    Envelope,

    /// <summary>The message travels, without its end.</summary>
    Body,

    /// <summary>The final dot was handed to the network; its answer is awaited.</summary>
    FinalDotSent,

    /// <summary>The final dot was answered.</summary>
    Answered,
}

/// <summary>The words for phases.</summary>
internal static class SmtpPhases
{
    /// <summary>As <see cref="Core.Delivery.DeliveryOutcome.Phase"/> lists them.</summary>
    public static string Words(this SmtpPhase phase) => phase switch
    {
        SmtpPhase.Connecting => "connect",
        SmtpPhase.Greeting => "greeting",
        SmtpPhase.Tls => "tls",
        SmtpPhase.Auth => "auth",
        SmtpPhase.Envelope => "envelope",
        SmtpPhase.Body => "body",
        SmtpPhase.FinalDotSent => "final dot",
        SmtpPhase.Answered => "answered",
        _ => throw new ArgumentOutOfRangeException(nameof(phase), phase, null),
    };
}
