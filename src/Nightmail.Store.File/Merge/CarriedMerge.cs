using System.Text.Json;
using Nightmail.Store.File.Format;

namespace Nightmail.Store.File.Merge;

/// <summary>Merges the top-level keys that are carried along, name by name.</summary>
internal static class CarriedMerge
{
    /// <summary>The keys as they are now, with what they changed since <paramref name="before"/>; null: what they had loaded is not known.</summary>
    public static IReadOnlyList<CarriedKey> Merge(IReadOnlyList<CarriedKey>? before, IReadOnlyList<CarriedKey> theirs, IReadOnlyList<CarriedKey> now)
    {
        var merged = new List<CarriedKey>();
        foreach (var key in now)
        {
            var wanted = Find(theirs, key.Name);
            var had = before is null ? key : Find(before, key.Name);
            if (before is null || Same(wanted, had)) merged.Add(key);
            else if (wanted is not null) merged.Add(wanted);
        }

        merged.AddRange(theirs.Where(key => Find(now, key.Name) is null && (before is null || !Same(key, Find(before, key.Name)))));
        return merged;
    }

    private static CarriedKey? Find(IReadOnlyList<CarriedKey> keys, string name) => keys.LastOrDefault(key => key.Name == name);

    private static bool Same(CarriedKey? one, CarriedKey? other)
    {
        if (one is null || other is null) return one is null && other is null;
        if (one.Value.Span.SequenceEqual(other.Value.Span)) return true;
        using var left = JsonDocument.Parse(one.Value, new() { AllowTrailingCommas = true });
        using var right = JsonDocument.Parse(other.Value, new() { AllowTrailingCommas = true });
        return JsonElement.DeepEquals(left.RootElement, right.RootElement);
    }
}
