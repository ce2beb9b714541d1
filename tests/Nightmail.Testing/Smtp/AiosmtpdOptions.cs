namespace Nightmail.Testing.Smtp;

/// <summary>How an <see cref="AiosmtpdSink"/> behaves.</summary>
public sealed record AiosmtpdOptions
{
    /// <summary>TLS: none, offered as STARTTLS, or from the first byte.</summary>
    public SinkTls Tls { get; init; }

    /// <summary>With <see cref="SinkTls.StartTls"/>: refuses mail before it.</summary>
    public bool RequireStartTls { get; init; }

    /// <summary>The certificate; null: one is made.</summary>
    public TestCertificate? Certificate { get; init; }

    /// <summary>The login that is required, and the only one that works (mechanisms PLAIN and LOGIN); null: none is needed.</summary>
    public (string Username, string Password)? Login { get; init; }

    /// <summary>Announces PIPELINING.</summary>
    public bool Pipelining { get; init; } = true;

    /// <summary>Announces SMTPUTF8.</summary>
    public bool SmtpUtf8 { get; init; } = true;

    /// <summary>The largest message, in bytes, announced as SIZE.</summary>
    public long SizeLimit { get; init; } = 100_000_000;

    /// <summary>What it does differently, the first that fits; <see cref="AiosmtpdSink.SetRulesAsync"/> replaces them.</summary>
    public IReadOnlyList<SinkRule> Rules { get; init; } = [];
}

/// <summary>How a sink speaks TLS.</summary>
public enum SinkTls
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>After STARTTLS.</summary>
    StartTls,

    /// <summary>From the first byte.</summary>
    Implicit,
}

/// <summary>The command that a rule of a sink answers.</summary>
public enum SinkStage
{
    /// <summary>None yet: a client has connected.</summary>
    Greeting,

    /// <summary>MAIL FROM.</summary>
    Mail,

    /// <summary>RCPT TO.</summary>
    Rcpt,

    /// <summary>The final dot. The message is kept, whatever the answer.</summary>
    Dot,
}

/// <summary>What a sink does instead of answering.</summary>
public enum SinkAction
{
    /// <summary>It answers.</summary>
    Reply,

    /// <summary>It never answers, and keeps the connection open.</summary>
    Never,

    /// <summary>It cuts the connection.</summary>
    Cut,
}

/// <summary>One departure from taking everything.</summary>
public sealed record SinkRule
{
    /// <summary>The command it answers.</summary>
    public required SinkStage Stage { get; init; }

    /// <summary>Only this address (Mail: the sender; Rcpt: the recipient; Dot: one of the recipients), letter case aside; null: any.</summary>
    public string? Address { get; init; }

    /// <summary>The whole reply, <c>451 4.7.1 come back later</c>; null: the usual one. After a 421 it closes the connection.</summary>
    public string? Reply { get; init; }

    /// <summary>How often it applies; null: always. With <see cref="PerAddress"/> each address is counted by itself.</summary>
    public int? Times { get; init; }

    /// <summary>Counts each address (for Dot: each first recipient) by itself, as greylisting does.</summary>
    public bool PerAddress { get; init; }

    /// <summary>Waits so long first.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>What it does then.</summary>
    public SinkAction Action { get; init; }

    /// <summary>Refuses this recipient.</summary>
    public static SinkRule RefuseRecipient(string? address, string reply, int? times = null) =>
        new() { Stage = SinkStage.Rcpt, Address = address, Reply = reply, Times = times };

    /// <summary>Answers the final dot like this.</summary>
    public static SinkRule AnswerDot(string reply, int? times = null) => new() { Stage = SinkStage.Dot, Reply = reply, Times = times };

    /// <summary>Takes the message and answers that late.</summary>
    public static SinkRule DelayDot(TimeSpan delay, int? times = null) => new() { Stage = SinkStage.Dot, Delay = delay, Times = times };

    /// <summary>Takes the message and never says so.</summary>
    public static SinkRule NeverAnswerDot(int? times = null) => new() { Stage = SinkStage.Dot, Action = SinkAction.Never, Times = times };

    /// <summary>Takes the message and cuts the connection instead of saying so.</summary>
    public static SinkRule CutAtDot(int? times = null) => new() { Stage = SinkStage.Dot, Action = SinkAction.Cut, Times = times };
}
