using System.Text.Json;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Storage;
using Nightmail.Server.Api;

namespace Nightmail.Server.Settings;

/// <summary>What holds now: what the program was started with, and over it what administrators changed since.</summary>
/// <param name="Delivery">Waits, limits, doubt.</param>
/// <param name="Circuit">The accounts' circuits.</param>
/// <param name="Version">0 until somebody changed something.</param>
internal sealed record ServerSettings(DeliveryPolicy Delivery, CircuitOptions Circuit, int Version);

/// <summary>The settings of the server, and those who act on them.</summary>
internal sealed class SettingsBook
{
    private const string Name = "delivery";

    /// <summary>The longest of all waits. Nobody means a longer one.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    private readonly Listeners listeners = new();
    private readonly ServerParts parts;
    private readonly Remembered<ServerSettings> known;

    /// <param name="parts">What the server was started with.</param>
    public SettingsBook(ServerParts parts) => (this.parts, known) = (parts, new(ReadAsync));

    /// <summary>Calls back after a change, until the result is disposed.</summary>
    public IDisposable OnChanged(Action callback) => listeners.Add(callback);

    /// <summary>What holds now.</summary>
    public ValueTask<ServerSettings> CurrentAsync(CancellationToken cancellationToken) => known.GetAsync(cancellationToken);

    /// <summary>Changes what the shape names.</summary>
    /// <param name="change">What is to be changed.</param>
    /// <param name="seen">The version that the caller saw; null: the present one.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    /// <exception cref="ApiProblem">A value cannot be taken, or somebody else changed them since.</exception>
    public async Task<ServerSettings> ChangeAsync(SettingsShape change, int? seen, CancellationToken cancellationToken)
    {
        var stored = await parts.Settings.FindAsync(Name, cancellationToken);
        var version = seen ?? stored?.Version ?? 0;
        var wanted = Merged(stored is null ? new() : Shape(stored), change);
        var next = Over(wanted, version + 1);
        if (!await parts.Settings.SaveAsync(new(Name, JsonSerializer.Serialize(wanted, ApiJson.Default.SettingsShape), version + 1), cancellationToken)) throw ApiProblem.Outdated();
        known.Forget();
        listeners.Tell();
        return next;
    }

    /// <summary>All of them as the API shows them.</summary>
    public static SettingsShape Of(ServerSettings settings)
    {
        var (retry, deferral, circuit) = (settings.Delivery.Retry, settings.Delivery.Deferral, settings.Circuit);
        return new()
        {
            InDoubt = settings.Delivery.InDoubt == DoubtPolicy.Retry ? "retry" : "hold",
            Retry = new() { MaxAttempts = retry.MaxAttempts, BaseDelaySeconds = retry.BaseDelay.TotalSeconds, MaxDelaySeconds = retry.MaxDelay.TotalSeconds },
            Deferral = new() { FirstSeconds = deferral.First.TotalSeconds, MaxSeconds = deferral.Max.TotalSeconds, GiveUpAfterSeconds = deferral.GiveUpAfter.TotalSeconds, Jitter = deferral.Jitter },
            Circuit = new()
            {
                FailureThreshold = circuit.FailureThreshold, CooldownSeconds = circuit.Cooldown.TotalSeconds, CooldownMaxSeconds = circuit.CooldownMax.TotalSeconds,
                NetworkCooldownSeconds = circuit.NetworkCooldown.TotalSeconds, NetworkCooldownMaxSeconds = circuit.NetworkCooldownMax.TotalSeconds,
            },
        };
    }

    private async ValueTask<ServerSettings> ReadAsync(CancellationToken cancellationToken)
    {
        var stored = await parts.Settings.FindAsync(Name, cancellationToken);
        return Over(stored is null ? new() : Shape(stored), stored?.Version ?? 0);
    }

    private static SettingsShape Shape(StoredSetting stored) =>
        JsonSerializer.Deserialize(stored.Value, ApiJson.Default.SettingsShape) ?? throw new InvalidOperationException("the settings are kept as null");

    private static SettingsShape Merged(SettingsShape old, SettingsShape change) => new()
    {
        InDoubt = change.InDoubt ?? old.InDoubt,
        Retry = new()
        {
            MaxAttempts = change.Retry?.MaxAttempts ?? old.Retry?.MaxAttempts,
            BaseDelaySeconds = change.Retry?.BaseDelaySeconds ?? old.Retry?.BaseDelaySeconds,
            MaxDelaySeconds = change.Retry?.MaxDelaySeconds ?? old.Retry?.MaxDelaySeconds,
        },
        Deferral = new()
        {
            FirstSeconds = change.Deferral?.FirstSeconds ?? old.Deferral?.FirstSeconds,
            MaxSeconds = change.Deferral?.MaxSeconds ?? old.Deferral?.MaxSeconds,
            GiveUpAfterSeconds = change.Deferral?.GiveUpAfterSeconds ?? old.Deferral?.GiveUpAfterSeconds,
            Jitter = change.Deferral?.Jitter ?? old.Deferral?.Jitter,
        },
        Circuit = new()
        {
            FailureThreshold = change.Circuit?.FailureThreshold ?? old.Circuit?.FailureThreshold,
            CooldownSeconds = change.Circuit?.CooldownSeconds ?? old.Circuit?.CooldownSeconds,
            CooldownMaxSeconds = change.Circuit?.CooldownMaxSeconds ?? old.Circuit?.CooldownMaxSeconds,
            NetworkCooldownSeconds = change.Circuit?.NetworkCooldownSeconds ?? old.Circuit?.NetworkCooldownSeconds,
            NetworkCooldownMaxSeconds = change.Circuit?.NetworkCooldownMaxSeconds ?? old.Circuit?.NetworkCooldownMaxSeconds,
        },
    };

    private ServerSettings Over(SettingsShape shape, int version)
    {
        var (delivery, circuit) = (parts.Delivery, parts.Circuit);
        var doubt = shape.InDoubt switch { null => delivery.InDoubt, "hold" => DoubtPolicy.Hold, "retry" => DoubtPolicy.Retry, _ => throw ApiProblem.Invalid("inDoubt", "write hold or retry") };
        return new(
            delivery with
            {
                InDoubt = doubt,
                Retry = new()
                {
                    MaxAttempts = Whole("retry.maxAttempts", shape.Retry?.MaxAttempts, delivery.Retry.MaxAttempts, 1, 10),
                    BaseDelay = Wait("retry.baseDelaySeconds", shape.Retry?.BaseDelaySeconds, delivery.Retry.BaseDelay),
                    MaxDelay = Wait("retry.maxDelaySeconds", shape.Retry?.MaxDelaySeconds, delivery.Retry.MaxDelay),
                },
                Deferral = new()
                {
                    First = Wait("deferral.firstSeconds", shape.Deferral?.FirstSeconds, delivery.Deferral.First),
                    Max = Wait("deferral.maxSeconds", shape.Deferral?.MaxSeconds, delivery.Deferral.Max),
                    GiveUpAfter = Wait("deferral.giveUpAfterSeconds", shape.Deferral?.GiveUpAfterSeconds, delivery.Deferral.GiveUpAfter),
                    Jitter = shape.Deferral?.Jitter is not { } jitter ? delivery.Deferral.Jitter : jitter is >= 0 and <= 1 ? jitter : throw ApiProblem.Invalid("deferral.jitter", $"{jitter} is not between 0 and 1"),
                },
            },
            new()
            {
                FailureThreshold = Whole("circuit.failureThreshold", shape.Circuit?.FailureThreshold, circuit.FailureThreshold, 1, 1000),
                Cooldown = Wait("circuit.cooldownSeconds", shape.Circuit?.CooldownSeconds, circuit.Cooldown),
                CooldownMax = Wait("circuit.cooldownMaxSeconds", shape.Circuit?.CooldownMaxSeconds, circuit.CooldownMax),
                NetworkCooldown = Wait("circuit.networkCooldownSeconds", shape.Circuit?.NetworkCooldownSeconds, circuit.NetworkCooldown),
                NetworkCooldownMax = Wait("circuit.networkCooldownMaxSeconds", shape.Circuit?.NetworkCooldownMaxSeconds, circuit.NetworkCooldownMax),
            },
            version);
    }

    private static int Whole(string field, int? value, int otherwise, int least, int most) => value is not { } number ? otherwise
        : number >= least && number <= most ? number : throw ApiProblem.Invalid(field, $"{number} is not between {least} and {most}");

    private static TimeSpan Wait(string field, double? seconds, TimeSpan otherwise) => seconds is not { } number ? otherwise
        : number > 0 && number <= Longest.TotalSeconds ? TimeSpan.FromSeconds(number) : throw ApiProblem.Invalid(field, $"{number} is not more than 0 and at most {Longest.TotalSeconds} seconds");
}
