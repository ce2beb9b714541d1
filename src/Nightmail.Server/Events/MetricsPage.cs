using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Server.Health;

namespace Nightmail.Server.Events;

/// <summary>Listens to our meter and writes what it heard in the text format of Prometheus.</summary>
internal sealed class MetricsPage : IDisposable
{
    private readonly MeterListener listener = new();
    private readonly ConcurrentDictionary<string, double> sums = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (string Kind, string Help)> heads = new(StringComparer.Ordinal);

    public MetricsPage()
    {
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument.Meter.Name != ServerMeters.Name) return;
            heads[instrument.Name] = (instrument is Histogram<double> ? "summary" : "counter", instrument.Description ?? "");
            listening.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument.Name + Labels(tags), value));
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) =>
        {
            Add(instrument.Name + "_sum", value);
            Add(instrument.Name + "_count", 1);
        });
        listener.Start();
    }

    /// <summary>The page.</summary>
    public string Write(StoreOverview overview, ServerGauges gauges)
    {
        var page = new StringBuilder();
        page.Append("# HELP nightmail_emails Emails that are kept, by status.\n# TYPE nightmail_emails gauge\n");
        foreach (var status in Enum.GetValues<EmailStatus>()) Line(page, $"nightmail_emails{{status=\"{status.Name()}\"}}", overview.Counts.GetValueOrDefault(status));
        page.Append("# HELP nightmail_sending_paused 1 while sending as a whole is paused.\n# TYPE nightmail_sending_paused gauge\n");
        Line(page, "nightmail_sending_paused", overview.SendingPaused ? 1 : 0);
        Gauge(page, "nightmail_overdue_emails", "Single emails that wait a minute and more after their time; 1000: that or more.", gauges.Overdue);
        Gauge(page, "nightmail_workers", "Workers that live.", gauges.Workers);
        Gauge(page, "nightmail_circuits_open", "Accounts that get nothing because they failed.", gauges.CircuitsOpen);
        if (gauges.DiskFree is { } free) Gauge(page, "nightmail_disk_free_bytes", "Room on the disk of the data folder.", free);
        foreach (var (name, (kind, help)) in heads.OrderBy(head => head.Key, StringComparer.Ordinal))
        {
            page.Append($"# HELP {name} {help}\n# TYPE {name} {kind}\n");
            foreach (var (line, value) in sums.Where(sum => sum.Key == name || sum.Key.StartsWith(name + "{", StringComparison.Ordinal) || sum.Key == name + "_sum" || sum.Key == name + "_count").OrderBy(sum => sum.Key, StringComparer.Ordinal))
                Line(page, line, value);
        }

        return page.ToString();
    }

    /// <inheritdoc/>
    public void Dispose() => listener.Dispose();

    private static void Gauge(StringBuilder page, string name, string help, double value)
    {
        page.Append($"# HELP {name} {help}\n# TYPE {name} gauge\n");
        Line(page, name, value);
    }

    private static void Line(StringBuilder page, string name, double value) => page.Append(name).Append(' ').Append(value.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags) => tags.Length == 0 ? "" : $"{{{tags[0].Key}=\"{tags[0].Value}\"}}";

    private void Add(string name, double value) => sums.AddOrUpdate(name, value, (_, before) => before + value);
}
