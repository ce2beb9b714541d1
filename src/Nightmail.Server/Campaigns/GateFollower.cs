using Microsoft.Extensions.Hosting;
using Nightmail.Core.Storage;
using Nightmail.Server.Events;

namespace Nightmail.Server.Campaigns;

/// <summary>Lets the rows of cancelled campaigns follow, some at a time, notes their times, and makes gates and campaigns agree after a restart.</summary>
internal sealed class GateFollower(ICampaignEmails emails, CampaignDesk desk, CampaignTimes times, SuppressionList suppressions, ServerOptions options, ServerMeters meters, TimeProvider time) : BackgroundService
{
    /// <summary>A cancel shows in the counts within this.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>A gate whose second write failed agrees with its campaign again within this.</summary>
    private static readonly TimeSpan AlignInterval = TimeSpan.FromMinutes(1);

    private DateTimeOffset nextAlign = time.GetUtcNow() + AlignInterval;

    /// <summary>One pass: everything that has to follow by now.</summary>
    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (time.GetUtcNow() >= nextAlign)
        {
            await desk.AlignGatesAsync(cancellationToken);
            nextAlign = time.GetUtcNow() + AlignInterval;
        }

        while (await emails.FollowGatesAsync(cancellationToken) > 0)
        {
        }

        await times.RunOnceAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await desk.AlignGatesAsync(cancellationToken);
        await suppressions.LoadAsync(cancellationToken);
        emails.SuppressBy(suppressions.IsSuppressed);
        await times.LoadAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                try
                {
                    await RunOnceAsync(stoppingToken);
                }
                catch (Exception trouble) when (!stoppingToken.IsCancellationRequested)
                {
                    // Whatever it is, the next look tries again: a background service that ends ends the server with it.
                    meters.StoreFailed();
                    if (trouble is not StoreException) options.Say($"fault of ours while campaigns follow their gates: {trouble.GetType().Name}; please report it");
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The server ends.
        }
    }
}
