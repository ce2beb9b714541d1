using NodaTime;
using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;

namespace Nightmail.Core.Delivery;

/// <summary>What else there is to know when an email's state is put into words.</summary>
public sealed record WhyContext
{
    /// <summary>The present.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>The zone to speak in.</summary>
    public required DateTimeZone Zone { get; init; }

    /// <summary>Whether any worker lives that could send it.</summary>
    public required bool WorkerRuns { get; init; }

    /// <summary>Whether sending is paused as a whole.</summary>
    public bool SendingPaused { get; init; }

    /// <summary>The accounts of the configuration.</summary>
    public required IReadOnlyList<Account> Accounts { get; init; }
}

/// <summary>The one sentence that says why an email is where it is, and when what comes next. One function for every face.</summary>
public static class Why
{
    /// <summary>The sentence: no line break, no body, no address.</summary>
    public static string Explain(ScheduledEmail email, WhyContext context) => throw new NotSupportedException($"to be written {email} {context}");
}
