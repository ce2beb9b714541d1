using System.Text.Json;
using Nightmail.Core.Accounts;
using Nightmail.Store.File.Format;

namespace Nightmail.Store.File.Merge;

/// <summary>
/// Merges the top-level keys that are carried along, name by name. The circuits of accounts are never taken from anybody: whoever saves an
/// old buffer would bring back what an account was like then. What others keep beside them is theirs.
/// </summary>
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
            else if (key.Name == CircuitJson.Key) merged.Add(new(key.Name, CircuitJson.WithCircuits(wanted?.Value ?? default, CircuitJson.Read(key.Value))));
            else if (wanted is not null) merged.Add(wanted);
        }

        merged.AddRange(theirs.Where(key => Find(now, key.Name) is null && (before is null || !Same(key, Find(before, key.Name)))).Select(WithoutCircuits));
        return merged;
    }

    /// <summary>True when they changed a circuit by hand.</summary>
    public static bool ChangesCircuits(IReadOnlyList<CarriedKey> before, IReadOnlyList<CarriedKey> theirs) => !CircuitsSame(Find(before, CircuitJson.Key), Find(theirs, CircuitJson.Key));

    private static CarriedKey WithoutCircuits(CarriedKey key) =>
        key.Name == CircuitJson.Key ? new(key.Name, CircuitJson.WithCircuits(key.Value, new Dictionary<string, Circuit>())) : key;

    private static bool CircuitsSame(CarriedKey? one, CarriedKey? other) => Same(Bare(one), Bare(other));

    /// <summary>The circuits alone.</summary>
    private static CarriedKey Bare(CarriedKey? key) => new(CircuitJson.Key, CircuitJson.WithCircuits(default, key is null ? new() : CircuitJson.Read(key.Value)));

    private static CarriedKey? Find(IReadOnlyList<CarriedKey> keys, string name) => keys.LastOrDefault(key => key.Name == name);

    private static bool Same(CarriedKey? one, CarriedKey? other)
    {
        if (one is null || other is null) return one is null && other is null;
        if (one.Value.Span.SequenceEqual(other.Value.Span)) return true;
        using var left = JsonDocument.Parse(one.Value, new() { AllowTrailingCommas = true });
        using var right = JsonDocument.Parse(other.Value, new() { AllowTrailingCommas = true });
        try
        {
            return JsonElement.DeepEquals(left.RootElement, right.RootElement);
        }
        catch (InvalidOperationException)
        {
            // The name of a key holds half a character, which cannot be compared.
            return false;
        }
    }
}
