namespace Nightmail.Core.Scheduling;

/// <summary>Finds what somebody probably meant to write.</summary>
public static class NearestWord
{
    /// <summary>Longer words are not compared: nobody mistypes those, and the work grows with the square.</summary>
    private const int MaxLength = 64;

    /// <summary>The candidate that is one slip away from the word (two from a word of six letters or more), letter case aside, or null.</summary>
    public static string? Find(string word, IEnumerable<string> candidates)
    {
        if (word.Length is < 2 or > MaxLength) return null;
        var (best, least) = ((string?)null, word.Length >= 6 ? 3 : 2);
        foreach (var candidate in candidates)
        {
            if (Math.Abs(candidate.Length - word.Length) >= least || candidate.Length > MaxLength) continue;
            var slips = Slips(word, candidate);
            if (slips < least) (best, least) = (candidate, slips);
        }

        return best;
    }

    /// <summary>Letters to add, drop, change or swap with their neighbour (optimal string alignment).</summary>
    private static int Slips(string from, string to)
    {
        var (beforeLast, last, current) = (new int[to.Length + 1], new int[to.Length + 1], new int[to.Length + 1]);
        for (var j = 0; j <= to.Length; j++) last[j] = j;
        for (var i = 1; i <= from.Length; i++)
        {
            current[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var same = Same(from[i - 1], to[j - 1]);
                current[j] = Math.Min(Math.Min(current[j - 1], last[j]) + 1, last[j - 1] + (same ? 0 : 1));
                if (i > 1 && j > 1 && Same(from[i - 1], to[j - 2]) && Same(from[i - 2], to[j - 1])) current[j] = Math.Min(current[j], beforeLast[j - 2] + 1);
            }

            (beforeLast, last, current) = (last, current, beforeLast);
        }

        return last[to.Length];
    }

    private static bool Same(char left, char right) => char.ToLowerInvariant(left) == char.ToLowerInvariant(right);
}
