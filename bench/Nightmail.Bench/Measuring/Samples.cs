namespace Nightmail.Bench.Measuring;

/// <summary>What one thing measured, time and again, in one unit.</summary>
internal sealed class Samples
{
    private readonly List<double> values = [];

    /// <summary>Every value, in the order they were taken.</summary>
    public IReadOnlyList<double> Values => values;

    /// <summary>The middle.</summary>
    public double Median => Quantile(0.5);

    /// <summary>The smallest.</summary>
    public double Min => values.Min();

    /// <summary>The largest.</summary>
    public double Max => values.Max();

    /// <summary>Takes one more value.</summary>
    public void Add(double value) => values.Add(value);

    /// <summary>The value below which this part of all lies (nearest rank).</summary>
    public double Quantile(double part)
    {
        var sorted = values.Order().ToList();
        return sorted[Math.Clamp((int)Math.Ceiling(part * sorted.Count) - 1, 0, sorted.Count - 1)];
    }

    /// <summary>Each value of ours over the yardstick's of the same pair, so that a machine that slows down slows both.</summary>
    public static Samples Ratios(Samples ours, Samples yardstick)
    {
        var ratios = new Samples();
        foreach (var (mine, theirs) in ours.values.Zip(yardstick.values)) ratios.Add(mine / theirs);
        return ratios;
    }
}
