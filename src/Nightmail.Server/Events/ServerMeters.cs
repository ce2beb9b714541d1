using System.Diagnostics.Metrics;
using Nightmail.Core.Emails;

namespace Nightmail.Server.Events;

/// <summary>What is counted, under the meter <c>Nightmail</c>.</summary>
internal sealed class ServerMeters : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string Name = "Nightmail";

    private readonly Meter meter = new(Name);
    private readonly Counter<long> attempts, storeFailures, logLost;
    private readonly Histogram<double> duration;

    public ServerMeters()
    {
        attempts = meter.CreateCounter<long>("nightmail_attempts_total", description: "Attempts that were recorded, by the email's status after them.");
        storeFailures = meter.CreateCounter<long>("nightmail_store_failures_total", description: "Times that a database could not be used.");
        logLost = meter.CreateCounter<long>("nightmail_send_log_lost_total", description: "Rows of the send log that were not written because too many waited.");
        duration = meter.CreateHistogram<double>("nightmail_attempt_seconds", "s", "How long attempts take.");
    }

    /// <summary>An attempt was recorded.</summary>
    public void Attempted(EmailStatus status, TimeSpan took)
    {
        attempts.Add(1, new KeyValuePair<string, object?>("status", status.Name()));
        duration.Record(took.TotalSeconds);
    }

    /// <summary>A database could not be used.</summary>
    public void StoreFailed() => storeFailures.Add(1);

    /// <summary>A row of the send log was lost.</summary>
    public void LogLost() => logLost.Add(1);

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();
}
