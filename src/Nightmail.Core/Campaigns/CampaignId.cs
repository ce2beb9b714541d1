using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Nightmail.Core.Campaigns;

/// <summary>Names one campaign for ever: a UUIDv7 made from the injected clock, as text <c>campaign_</c> and 32 lower-case hex digits.</summary>
public readonly record struct CampaignId(Guid Value) : IComparable<CampaignId>
{
    private const string Prefix = "campaign_";

    /// <summary>Makes an id that no other call makes, ordered by <paramref name="time"/>.</summary>
    public static CampaignId New(TimeProvider time) => new(NamedIds.NewGuid(time));

    /// <summary>When it was made, to the millisecond, by the clock that made it.</summary>
    public DateTimeOffset MadeAt => DateTimeOffset.FromUnixTimeMilliseconds(NamedIds.Milliseconds(Value));

    /// <summary>Reads <c>campaign_…</c> or a bare UUID.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out CampaignId id)
    {
        var read = NamedIds.TryRead(text, Prefix, out var value);
        id = new(value);
        return read;
    }

    /// <inheritdoc/>
    public int CompareTo(CampaignId other) => string.CompareOrdinal(ToString(), other.ToString());

    /// <inheritdoc/>
    public override string ToString() => Prefix + Value.ToString("N");

    /// <summary>Orders by creation.</summary>
    public static bool operator <(CampaignId left, CampaignId right) => left.CompareTo(right) < 0;

    /// <summary>Orders by creation.</summary>
    public static bool operator >(CampaignId left, CampaignId right) => left.CompareTo(right) > 0;

    /// <summary>Orders by creation.</summary>
    public static bool operator <=(CampaignId left, CampaignId right) => left.CompareTo(right) <= 0;

    /// <summary>Orders by creation.</summary>
    public static bool operator >=(CampaignId left, CampaignId right) => left.CompareTo(right) >= 0;
}

/// <summary>Names one template for ever: <c>template_</c> and 32 lower-case hex digits.</summary>
public readonly record struct TemplateId(Guid Value)
{
    private const string Prefix = "template_";

    /// <summary>Makes an id that no other call makes, ordered by <paramref name="time"/>.</summary>
    public static TemplateId New(TimeProvider time) => new(NamedIds.NewGuid(time));

    /// <summary>Reads <c>template_…</c> or a bare UUID.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out TemplateId id)
    {
        var read = NamedIds.TryRead(text, Prefix, out var value);
        id = new(value);
        return read;
    }

    /// <inheritdoc/>
    public override string ToString() => Prefix + Value.ToString("N");
}

/// <summary>Names one API key for ever: <c>key_</c> and 32 lower-case hex digits. It is no secret.</summary>
public readonly record struct KeyId(Guid Value)
{
    private const string Prefix = "key_";

    /// <summary>Makes an id that no other call makes, ordered by <paramref name="time"/>.</summary>
    public static KeyId New(TimeProvider time) => new(NamedIds.NewGuid(time));

    /// <summary>Reads <c>key_…</c> or a bare UUID.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out KeyId id)
    {
        var read = NamedIds.TryRead(text, Prefix, out var value);
        id = new(value);
        return read;
    }

    /// <inheritdoc/>
    public override string ToString() => Prefix + Value.ToString("N");
}

/// <summary>What the ids of the control plane have in common.</summary>
internal static class NamedIds
{
    public static Guid NewGuid(TimeProvider time) => Guid.CreateVersion7(time.GetUtcNow());

    /// <summary>The time in a UUIDv7: its first 48 bits (RFC 9562 5.7).</summary>
    public static long Milliseconds(Guid value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        return BinaryPrimitives.ReadInt64BigEndian(bytes) >>> 16;
    }

    public static bool TryRead([NotNullWhen(true)] string? text, string prefix, out Guid value)
    {
        value = default;
        if (text is null) return false;
        var bare = text.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? text[prefix.Length..] : text;
        return Guid.TryParseExact(bare, "N", out value) || Guid.TryParseExact(bare, "D", out value);
    }
}
