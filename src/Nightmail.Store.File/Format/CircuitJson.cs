using System.Text.Json;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Store.File.Format;

/// <summary>The file's <c>accounts</c>: the circuit of each account that has something to say. Keys that are not known here are kept.</summary>
internal static class CircuitJson
{
    /// <summary>The key of the file under which they lie.</summary>
    public const string Key = "accounts";

    private static readonly string[] Names = ["consecutive_failures", "reason", "error", "opened_at", "circuit_breaker_until", "cooldown", "term", "probe", "refusals", "slowed"];
    private static readonly string[] ProbeNames = ["email", "worker", "attempt", "since", "cooldown_if_lost"];
    private static readonly string[] SlownessNames = ["halvings", "since", "error"];
    private static readonly string[] RefusalNames = ["email", "domains"];
    private static readonly string[] Reasons = ["auth", "quota", "reputation", "network", "tls", "sender", "protocol", "configuration"];

    /// <summary>
    /// The circuits by account, leniently: what cannot be read counts as nothing known, because a circuit only saves attempts.
    /// </summary>
    public static Dictionary<string, Circuit> Read(ReadOnlyMemory<byte> value)
    {
        var circuits = new Dictionary<string, Circuit>();
        if (value.Length == 0) return circuits;
        using var document = JsonDocument.Parse(value, new JsonDocumentOptions { AllowTrailingCommas = true });
        if (document.RootElement.ValueKind != JsonValueKind.Object) return circuits;
        foreach (var account in document.RootElement.EnumerateObject())
        {
            if (OddNames.Text(account) is not { } name) continue;
            try
            {
                circuits[name] = ReadCircuit(System.Text.Encoding.UTF8.GetBytes(account.Value.GetRawText()));
            }
            catch (Exception broken) when (broken is FormatException or JsonException or InvalidOperationException)
            {
                circuits.Remove(name);
            }
        }

        return circuits;
    }

    /// <summary>Writes the object: what was there, with the changed circuits in place of the old ones. Nothing where there is nothing.</summary>
    public static void Write(Utf8JsonWriter writer, ReadOnlyMemory<byte> before, IReadOnlyDictionary<string, Circuit> changed, OddNames odd)
    {
        using var document = Parse(before);
        var accounts = Accounts(document, changed, odd);
        if (accounts.Count == 0) return;
        writer.WriteStartObject(Key);
        foreach (var (name, previous) in accounts)
        {
            writer.WritePropertyName(name);
            if (changed.TryGetValue(name, out var circuit)) WriteAccount(writer, circuit, previous, odd);
            else UnknownKeys.CopyValue(writer, previous);
        }

        writer.WriteEndObject();
    }

    /// <summary>A value of the key with these circuits and, of what was there, the keys that are not known here. An account without either is left out.</summary>
    public static ReadOnlyMemory<byte> WithCircuits(ReadOnlyMemory<byte> before, IReadOnlyDictionary<string, Circuit> circuits)
    {
        using var document = Parse(before);
        var odd = new OddNames();
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes))
        {
            writer.WriteStartObject();
            foreach (var (name, previous) in Accounts(document, circuits, odd))
            {
                var circuit = circuits.GetValueOrDefault(name);
                if (circuit is null && !(previous.ValueKind == JsonValueKind.Object && previous.EnumerateObject().Any(property => !Names.Contains(OddNames.Text(property))))) continue;
                writer.WritePropertyName(name);
                WriteAccount(writer, circuit, previous, odd);
            }

            writer.WriteEndObject();
        }

        return odd.PutBack(bytes.ToArray());
    }

    private static JsonDocument? Parse(ReadOnlyMemory<byte> value) => value.Length == 0 ? null : JsonDocument.Parse(value, new JsonDocumentOptions { AllowTrailingCommas = true });

    /// <summary>Every account that is there or has a circuit, in the order of the file and then of the alphabet, with what was there.</summary>
    private static List<(string Name, JsonElement Previous)> Accounts(JsonDocument? document, IReadOnlyDictionary<string, Circuit> circuits, OddNames odd)
    {
        var accounts = new List<(string Name, JsonElement Previous)>();
        foreach (var account in document is { RootElement.ValueKind: JsonValueKind.Object } ? document.RootElement.EnumerateObject() : default)
        {
            var name = odd.Of(account);
            // Of two that have one name the last counts, as everywhere in JSON.
            if (accounts.FindIndex(each => each.Name == name) is >= 0 and var index) accounts[index] = (name, account.Value);
            else accounts.Add((name, account.Value));
        }

        foreach (var name in circuits.Keys.Where(name => !accounts.Exists(each => each.Name == name)).Order(StringComparer.Ordinal)) accounts.Add((name, default));
        return accounts;
    }

    private static void WriteAccount(Utf8JsonWriter writer, Circuit? circuit, JsonElement previous, OddNames odd)
    {
        writer.WriteStartObject();
        if (circuit is not null) WriteCircuit(writer, circuit);
        UnknownKeys.Copy(writer, previous, Names, odd: odd);
        writer.WriteEndObject();
    }

    /// <summary>The carried keys of a backup where nothing else is known of the accounts: their circuits as <see cref="CircuitBreaker.FromBackup"/> says.</summary>
    public static IReadOnlyList<CarriedKey> FromBackup(IReadOnlyList<CarriedKey> carried, DateTimeOffset now) => [.. carried.Select(key => key.Name != Key ? key
        : new CarriedKey(Key, WithCircuits(key.Value, Read(key.Value).ToDictionary(each => each.Key, each => Kept(CircuitBreaker.FromBackup(each.Value, now))))))];

    /// <summary>The circuit as it will be read again: times to the unit they are kept in.</summary>
    public static Circuit Kept(Circuit circuit) => circuit with
    {
        OpenedAt = circuit.OpenedAt is { } opened ? UnixTime.RoundDown(opened) : null,
        OpenUntil = circuit.OpenUntil is { } until ? UnixTime.RoundUp(until) : null,
        Cooldown = Whole(circuit.Cooldown),
        Slowness = circuit.Slowness is { } slow ? slow with { Since = UnixTime.RoundDown(slow.Since) } : null,
        Probe = circuit.Probe is { } probe ? probe with { Since = UnixTime.RoundDown(probe.Since), CooldownIfLost = Whole(probe.CooldownIfLost) } : null,
    };

    private static TimeSpan Whole(TimeSpan span) => TimeSpan.FromMilliseconds(Math.Ceiling(span.TotalMilliseconds));

    private static void WriteCircuit(Utf8JsonWriter writer, Circuit circuit)
    {
        if (circuit.Failures > 0) writer.WriteNumber("consecutive_failures", circuit.Failures);
        if (circuit.Fault is { } fault)
        {
            writer.WriteString("reason", Reasons[(int)fault.Reason]);
            writer.WriteString("error", fault.Words);
        }

        writer.Time("opened_at", circuit.OpenedAt);
        writer.Time("circuit_breaker_until", circuit.OpenUntil);
        if (circuit.Cooldown > TimeSpan.Zero) Seconds(writer, "cooldown", circuit.Cooldown);
        if (circuit.Term > 0) writer.WriteNumber("term", circuit.Term);
        if (circuit.Probe is { } probe)
        {
            writer.WriteStartObject("probe");
            writer.WriteString("email", probe.Email.ToString());
            writer.WriteString("worker", probe.Worker.Text);
            writer.WriteNumber("attempt", probe.Attempt);
            writer.Time("since", probe.Since);
            Seconds(writer, "cooldown_if_lost", probe.CooldownIfLost);
            writer.WriteEndObject();
        }

        if (circuit.Slowness is { } slow)
        {
            writer.WriteStartObject("slowed");
            writer.WriteNumber("halvings", slow.Halvings);
            writer.Time("since", slow.Since);
            writer.WriteString("error", slow.Words);
            writer.WriteEndObject();
        }

        if (circuit.Refusals.Count == 0) return;
        writer.WriteStartArray("refusals");
        foreach (var refusal in circuit.Refusals)
        {
            writer.WriteStartObject();
            writer.WriteString("email", refusal.Email.ToString());
            writer.WriteStartArray("domains");
            foreach (var domain in refusal.Domains) writer.WriteStringValue(domain);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void Seconds(Utf8JsonWriter writer, string name, TimeSpan span) => writer.WriteNumber(name, (decimal)span.TotalMilliseconds / 1000);

    private static Circuit ReadCircuit(ReadOnlySpan<byte> raw)
    {
        var json = new Utf8JsonReader(raw, new JsonReaderOptions { AllowTrailingCommas = true });
        json.Read();
        var circuit = new Circuit();
        var (reason, words) = ((AccountFaultReason?)null, "");
        if (!Lenient.EntersObject(ref json, "it")) return circuit;
        while (Lenient.NextProperty(ref json, Names) is { } index)
        {
            switch (index)
            {
                case 0: circuit = circuit with { Failures = Lenient.Count(ref json) }; break;
                case 1: reason = Array.IndexOf(Reasons, Lenient.Text(ref json)) is >= 0 and var known ? (AccountFaultReason)known : AccountFaultReason.Network; break;
                case 2: words = Lenient.Text(ref json) ?? ""; break;
                case 3: circuit = circuit with { OpenedAt = UnixTime.Read(ref json) }; break;
                case 4: circuit = circuit with { OpenUntil = UnixTime.Read(ref json) }; break;
                case 5: circuit = circuit with { Cooldown = ReadSeconds(ref json) }; break;
                case 6: circuit = circuit with { Term = Math.Max(0, Lenient.Whole(ref json) ?? 0) }; break;
                case 7: circuit = circuit with { Probe = ReadProbe(ref json) }; break;
                case 8: circuit = circuit with { Refusals = ReadRefusals(ref json) }; break;
                case 9: circuit = circuit with { Slowness = ReadSlowness(ref json) }; break;
                default: json.Skip(); break;
            }
        }

        return circuit with { Fault = reason is { } why ? new(why, words) : null, Probe = circuit.IsOpen ? circuit.Probe : null };
    }

    private static Probe? ReadProbe(ref Utf8JsonReader json)
    {
        var (email, worker, attempt, since, cooldown) = ("", "", 0, default(DateTimeOffset?), TimeSpan.Zero);
        if (!Lenient.EntersObject(ref json, "it")) return null;
        while (Lenient.NextProperty(ref json, ProbeNames) is { } index)
        {
            switch (index)
            {
                case 0: email = Lenient.Text(ref json) ?? ""; break;
                case 1: worker = Lenient.Text(ref json) ?? ""; break;
                case 2: attempt = Lenient.Count(ref json); break;
                case 3: since = UnixTime.Read(ref json); break;
                case 4: cooldown = ReadSeconds(ref json); break;
                default: json.Skip(); break;
            }
        }

        return new(EmailId.Parse(email), new(worker), attempt, since ?? default, cooldown);
    }

    private static Slowness? ReadSlowness(ref Utf8JsonReader json)
    {
        var (halvings, since, words) = (0, default(DateTimeOffset?), "");
        if (!Lenient.EntersObject(ref json, "it")) return null;
        while (Lenient.NextProperty(ref json, SlownessNames) is { } index)
        {
            if (index == 0) halvings = Math.Min(Slowness.Most, Lenient.Count(ref json));
            else if (index == 1) since = UnixTime.Read(ref json);
            else if (index == 2) words = Lenient.Text(ref json) ?? "";
            else json.Skip();
        }

        return since is { } at && halvings > 0 ? new(halvings, at, words) : null;
    }

    private static List<PolicyRefusal> ReadRefusals(ref Utf8JsonReader json)
    {
        var refusals = new List<PolicyRefusal>();
        if (json.TokenType != JsonTokenType.StartArray)
        {
            json.Skip();
            return refusals;
        }

        while (json.Read() && json.TokenType == JsonTokenType.StartObject)
        {
            var (email, domains) = ("", (IReadOnlyList<string>)[]);
            while (Lenient.NextProperty(ref json, RefusalNames) is { } index)
            {
                if (index == 0) email = Lenient.Text(ref json) ?? "";
                else if (index == 1) domains = Lenient.Mailboxes(ref json);
                else json.Skip();
            }

            refusals.Add(new(EmailId.Parse(email), domains));
        }

        return refusals;
    }

    private static TimeSpan ReadSeconds(ref Utf8JsonReader json)
    {
        const double Day = 24 * 60 * 60;
        if (json.TokenType == JsonTokenType.Number && json.TryGetDouble(out var seconds)) return TimeSpan.FromMilliseconds(Math.Ceiling(Math.Clamp(seconds, 0, Day) * 1000));
        json.Skip();
        return TimeSpan.Zero;
    }
}
