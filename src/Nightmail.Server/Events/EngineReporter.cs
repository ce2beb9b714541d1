using System.Buffers;
using System.Text;
using System.Text.Json;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Server.Api;
using Nightmail.Server.Campaigns;

namespace Nightmail.Server.Events;

/// <summary>Passes on what the engine does: to the feed, to the send log, to the counters.</summary>
internal sealed class EngineReporter(EventFeed feed, SendLogWriter log, ServerMeters meters, CampaignWatch watch) : IEngineObserver
{
    /// <inheritdoc/>
    public void On(EngineEvent happened)
    {
        switch (happened)
        {
            case EngineEvent.Recorded recorded:
                meters.Attempted(recorded.Email.Status, recorded.Took);
                log.Add(SendLogEntry.Of(recorded));
                Email(recorded.Email, recorded.At - recorded.Took);
                break;
            case EngineEvent.Rescued rescued:
                Email(rescued.Email);
                break;
            case EngineEvent.Expired expired:
                Email(expired.Email);
                break;
            case EngineEvent.Moved moved:
                Email(moved.Email);
                break;
            case EngineEvent.AccountHeld held:
                Account(held.Account, "open", json =>
                {
                    json.WriteString("until", ApiTimes.Text(held.Until));
                    json.WriteString("reason", held.Fault.Reason.ToString().ToLowerInvariant());
                    json.WriteString("words", held.Fault.Words);
                });
                break;
            case EngineEvent.AccountProbing probing:
                Account(probing.Account, "half-open", json => json.WriteString("email", probing.Email.ToString()));
                break;
            case EngineEvent.AccountWorks works:
                Account(works.Account, "closed", _ => { });
                break;
            case EngineEvent.AccountSlowed slowed:
                feed.Publish("account", Json(json =>
                {
                    json.WriteString("account", slowed.Account);
                    json.WriteString("slowedUntil", ApiTimes.Text(slowed.Until));
                    json.WriteString("reason", slowed.Words);
                }));
                break;
            case EngineEvent.StoreFailed failed:
                meters.StoreFailed();
                feed.Publish("worker", Json(json => json.WriteString("trouble", failed.Message)));
                break;
        }
    }

    /// <summary>Tells of a change of an email's status.</summary>
    /// <param name="email">The email as it is now.</param>
    /// <param name="tried">When the attempt began that changed it; null: none did.</param>
    public void Email(ScheduledEmail email, DateTimeOffset? tried = null)
    {
        if (email.Campaign is { } campaign) watch.Touch(campaign, tried);
        feed.Publish("email", Json(json => Write(json, email)));
    }

    private static void Write(Utf8JsonWriter json, ScheduledEmail email)
    {
        json.WriteString("id", email.Id.ToString());
        json.WriteString("status", email.Status.Name());
        if (email.Campaign is { } campaign) json.WriteString("campaignId", campaign.ToString());
        json.WriteNumber("attempts", email.Attempts);
    }

    /// <summary>Tells what a person made of a campaign.</summary>
    public void Campaign(CampaignId id, CampaignStatus status)
    {
        watch.Touch(id);
        Status(id, status);
    }

    /// <summary>Tells what has become of a campaign by itself.</summary>
    public void Status(CampaignId id, CampaignStatus status) => feed.Publish("campaign", Json(json =>
    {
        json.WriteString("id", id.ToString());
        json.WriteString("status", status.Name());
    }));

    /// <summary>Tells of a change of the workers.</summary>
    public void Worker(string what) => feed.Publish("worker", Json(json => json.WriteString("state", what)));

    /// <summary>Tells what became of a slot of scheduled work.</summary>
    public void Work(string name, string state, string result) => feed.Publish("work", Json(json =>
    {
        json.WriteString("name", name);
        json.WriteString("state", state);
        json.WriteString("result", result);
    }));

    /// <summary>Tells of a change of the backups.</summary>
    public void Backup(string? filename, string state) => feed.Publish("backup", Json(json =>
    {
        if (filename is not null) json.WriteString("filename", filename);
        json.WriteString("state", state);
    }));

    /// <summary>Tells of a change of an account's circuit.</summary>
    private void Account(string name, string circuit, Action<Utf8JsonWriter> more) => feed.Publish("account", Json(json =>
    {
        json.WriteString("account", name);
        json.WriteString("circuit", circuit);
        more(json);
    }));

    private static string Json(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
