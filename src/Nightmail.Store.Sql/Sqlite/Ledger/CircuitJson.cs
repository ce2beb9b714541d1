using System.Buffers;
using System.Text.Json;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite.Connections;
using Nightmail.Store.Sql.Sqlite.Rows;

namespace Nightmail.Store.Sql.Sqlite.Ledger;

/// <summary>A circuit as JSON.</summary>
internal static class CircuitJson
{
    /// <summary>Writes it.</summary>
    public static void Write(IBufferWriter<byte> buffer, Circuit circuit)
    {
        using var json = new Utf8JsonWriter(buffer, ContentJson.Options);
        json.WriteStartObject();
        json.WriteNumber("failures"u8, circuit.Failures);
        json.WriteNumber("term"u8, circuit.Term);
        json.WriteNumber("cooldown"u8, circuit.Cooldown.Ticks);
        if (circuit.Fault is { } fault)
        {
            json.WriteStartArray("fault"u8);
            json.WriteNumberValue((int)fault.Reason);
            json.WriteStringValue(fault.Words);
            json.WriteEndArray();
        }

        if (circuit.OpenedAt is { } opened) json.WriteNumber("opened_at"u8, Instants.ToTicks(opened));
        if (circuit.OpenUntil is { } until) json.WriteNumber("open_until"u8, Instants.ToTicks(until));
        if (circuit.Probe is { } probe)
        {
            json.WriteStartArray("probe"u8);
            json.WriteStringValue(probe.Email.ToString());
            json.WriteStringValue(probe.Worker.Text);
            json.WriteNumberValue(probe.Attempt);
            json.WriteNumberValue(Instants.ToTicks(probe.Since));
            json.WriteNumberValue(probe.CooldownIfLost.Ticks);
            json.WriteEndArray();
        }

        if (circuit.Slowness is { } slow)
        {
            json.WriteStartArray("slowed"u8);
            json.WriteNumberValue(slow.Halvings);
            json.WriteNumberValue(Instants.ToTicks(slow.Since));
            json.WriteStringValue(slow.Words);
            json.WriteEndArray();
        }

        if (circuit.Refusals.Count > 0)
        {
            json.WriteStartArray("refusals"u8);
            foreach (var refusal in circuit.Refusals)
            {
                json.WriteStartArray();
                json.WriteStringValue(refusal.Email.ToString());
                foreach (var domain in refusal.Domains) json.WriteStringValue(domain);
                json.WriteEndArray();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    /// <summary>Reads it.</summary>
    public static Circuit Read(ReadOnlySpan<byte> bytes)
    {
        var json = new Utf8JsonReader(bytes);
        json.Read();
        var circuit = new Circuit();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("failures"u8)) circuit = circuit with { Failures = (int)Number(ref json) };
            else if (json.ValueTextEquals("term"u8)) circuit = circuit with { Term = Number(ref json) };
            else if (json.ValueTextEquals("cooldown"u8)) circuit = circuit with { Cooldown = TimeSpan.FromTicks(Number(ref json)) };
            else if (json.ValueTextEquals("fault"u8)) circuit = circuit with { Fault = Fault(ref json) };
            else if (json.ValueTextEquals("opened_at"u8)) circuit = circuit with { OpenedAt = Instants.FromTicks(Number(ref json)) };
            else if (json.ValueTextEquals("open_until"u8)) circuit = circuit with { OpenUntil = Instants.FromTicks(Number(ref json)) };
            else if (json.ValueTextEquals("probe"u8)) circuit = circuit with { Probe = ReadProbe(ref json) };
            else if (json.ValueTextEquals("slowed"u8)) circuit = circuit with { Slowness = ReadSlowness(ref json) };
            else if (json.ValueTextEquals("refusals"u8)) circuit = circuit with { Refusals = Refusals(ref json) };
            else json.Skip();
        }

        return circuit;
    }

    private static AccountFault Fault(ref Utf8JsonReader json)
    {
        json.Read();
        var fault = new AccountFault((AccountFaultReason)Number(ref json), Text(ref json));
        json.Read();
        return fault;
    }

    private static Probe ReadProbe(ref Utf8JsonReader json)
    {
        json.Read();
        var probe = new Probe(EmailId.Parse(Text(ref json)), new(Text(ref json)), (int)Number(ref json), Instants.FromTicks(Number(ref json)), TimeSpan.FromTicks(Number(ref json)));
        json.Read();
        return probe;
    }

    private static Slowness ReadSlowness(ref Utf8JsonReader json)
    {
        json.Read();
        var slow = new Slowness((int)Number(ref json), Instants.FromTicks(Number(ref json)), Text(ref json));
        json.Read();
        return slow;
    }

    private static List<PolicyRefusal> Refusals(ref Utf8JsonReader json)
    {
        var refusals = new List<PolicyRefusal>();
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.StartArray)
        {
            var email = EmailId.Parse(Text(ref json));
            var domains = new List<string>();
            while (json.Read() && json.TokenType == JsonTokenType.String) domains.Add(json.GetString()!);
            refusals.Add(new(email, domains));
        }

        return refusals;
    }

    private static long Number(ref Utf8JsonReader json)
    {
        json.Read();
        return json.GetInt64();
    }

    private static string Text(ref Utf8JsonReader json)
    {
        json.Read();
        return json.GetString()!;
    }
}
