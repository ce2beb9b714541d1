using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using Nightmail.Core.Scheduling;

namespace Nightmail.Core.Maintenance;

/// <summary>What one field of a cron expression may hold.</summary>
/// <param name="Name">As an error says it.</param>
/// <param name="Least">Its least value.</param>
/// <param name="Most">Its greatest value.</param>
/// <param name="Names">Words for its values, from <paramref name="FirstNamed"/> on; empty where it has none.</param>
/// <param name="FirstNamed">The value of the first word.</param>
internal sealed record CronFieldKind(string Name, int Least, int Most, IReadOnlyList<string> Names, int FirstNamed)
{
    public static readonly CronFieldKind Minute = new("minute", 0, 59, [], 0);
    public static readonly CronFieldKind Hour = new("hour", 0, 23, [], 0);
    public static readonly CronFieldKind Day = new("day of the month", 1, 31, [], 0);
    public static readonly CronFieldKind Month = new("month", 1, 12, ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1);

    /// <summary>0 and 7 are both Sunday.</summary>
    public static readonly CronFieldKind Weekday = new("day of the week", 0, 7, ["sun", "mon", "tue", "wed", "thu", "fri", "sat"], 0);
}

/// <summary>The values that one field of a cron expression lets through.</summary>
/// <param name="Bits">Bit n stands for the value n.</param>
/// <param name="IsStar">It begins with a star: for days, the field asks for nothing of its own.</param>
/// <param name="IsList">It is a list of plain values, without star, range or step.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct CronField(ulong Bits, bool IsStar, bool IsList)
{
    /// <summary>How many values it lets through.</summary>
    public int Count => BitOperations.PopCount(Bits);

    /// <summary>True when it lets the value through.</summary>
    public bool Has(int value) => (Bits >> value & 1) != 0;

    /// <summary>The least value it lets through that is not less than <paramref name="value"/>; -1 when there is none.</summary>
    public int From(int value)
    {
        if (value > 63) return -1;
        var left = Bits >> value << value;
        return left == 0 ? -1 : BitOperations.TrailingZeroCount(left);
    }

    /// <summary>The values, in order.</summary>
    public IEnumerable<int> Values()
    {
        for (var value = From(0); value >= 0; value = From(value + 1)) yield return value;
    }

    /// <summary>Reads a field: values, ranges and steps, separated by commas.</summary>
    public static bool TryParse(string text, CronFieldKind kind, out CronField field, [NotNullWhen(false)] out string? error)
    {
        (field, error) = (default, null);
        var (bits, list) = (0UL, true);
        foreach (var part in text.Split(','))
        {
            if (!TryParsePart(part, kind, out var some, out var plain, out error)) return false;
            bits |= some;
            list &= plain;
        }

        // Sunday has two numbers and one meaning.
        if (kind == CronFieldKind.Weekday && (bits & 1UL << 7) != 0) bits = (bits | 1) & ~(1UL << 7);
        field = new(bits, text[0] == '*', list);
        return true;
    }

    private static bool TryParsePart(string part, CronFieldKind kind, out ulong bits, out bool plain, [NotNullWhen(false)] out string? error)
    {
        (bits, plain) = (0, false);
        var slash = part.IndexOf('/');
        var (range, step) = (slash < 0 ? part : part[..slash], 1);
        if (slash >= 0 && (!TryNumber(part[(slash + 1)..], out step) || step < 1 || step > kind.Most - kind.Least + 1))
        {
            error = $"the {kind.Name} '{WhenParser.Printable(part)}' needs a step from 1 to {kind.Most - kind.Least + 1} after the slash";
            return false;
        }

        int first, last;
        if (range == "*") (first, last) = (kind.Least, kind.Most == 7 ? 6 : kind.Most);
        else if (range.IndexOf('-') is var dash and > 0)
        {
            if (!TryValue(range[..dash], kind, out first, out error) || !TryValue(range[(dash + 1)..], kind, out last, out error)) return false;
            if (first > last)
            {
                error = $"the {kind.Name} '{WhenParser.Printable(part)}' runs backwards; write it as two: '{range[..dash]}-{kind.Most},{kind.Least}-{range[(dash + 1)..]}'";
                return false;
            }
        }
        else
        {
            if (!TryValue(range, kind, out first, out error)) return false;
            plain = slash < 0;
            last = plain ? first : kind.Most;
        }

        for (var value = first; value <= last; value += step) bits |= 1UL << value;
        error = null;
        return true;
    }

    private static bool TryValue(string word, CronFieldKind kind, out int value, [NotNullWhen(false)] out string? error)
    {
        error = null;
        if (TryNumber(word, out value) && value >= kind.Least && value <= kind.Most) return true;
        for (var index = 0; index < kind.Names.Count; index++)
        {
            if (!kind.Names[index].Equals(word, StringComparison.OrdinalIgnoreCase)) continue;
            value = kind.FirstNamed + index;
            return true;
        }

        var names = kind.Names.Count == 0 ? "" : $", or {kind.Names[0]} to {kind.Names[^1]}";
        error = word.Length == 0
            ? $"the {kind.Name} has an empty place; write numbers from {kind.Least} to {kind.Most}{names}, or *"
            : $"the {kind.Name} '{WhenParser.Printable(word)}' is not a number from {kind.Least} to {kind.Most}{names}";
        return false;
    }

    private static bool TryNumber(string word, out int number) => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
