namespace Nightmail.Server;

/// <summary>
/// Cuts what is to be written into slices of a few milliseconds each: one thread writes, and what others ask of it waits for the slice that
/// is being written and not for the whole.
/// </summary>
internal static class Slices
{
    /// <summary>Rows in one slice.</summary>
    public const int MostRows = 500;

    /// <summary>Characters in one slice, unless a single row has more.</summary>
    public const long MostCharacters = 500_000;

    /// <summary>The slices, in the order of what they are cut from, which is read as they are taken.</summary>
    public static IEnumerable<IReadOnlyList<T>> Of<T>(IEnumerable<T> all, Func<T, long> charactersOf)
    {
        List<T> slice = [];
        var characters = 0L;
        foreach (var each in all)
        {
            var own = charactersOf(each);
            if (slice.Count > 0 && characters + own > MostCharacters)
            {
                yield return slice;
                (slice, characters) = ([], 0);
            }

            slice.Add(each);
            characters += own;
            if (slice.Count < MostRows) continue;
            yield return slice;
            (slice, characters) = ([], 0);
        }

        if (slice.Count > 0) yield return slice;
    }
}
