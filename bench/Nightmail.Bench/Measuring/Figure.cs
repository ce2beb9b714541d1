namespace Nightmail.Bench.Measuring;

/// <summary>One line of the report.</summary>
/// <param name="Bench">The benchmark it belongs to.</param>
/// <param name="What">What was measured.</param>
/// <param name="Unit">The unit of the samples.</param>
/// <param name="Ours">Nightmail's.</param>
internal sealed record Figure(string Bench, string What, string Unit, Samples Ours)
{
    /// <summary>What stood beside it in the same run; null: nothing does.</summary>
    public Samples? Yardstick { get; init; }

    /// <summary>What the yardstick is.</summary>
    public string? YardstickName { get; init; }

    /// <summary>What it has to reach; null: it is only told.</summary>
    public Bar? Bar { get; init; }

    /// <summary>Ours over the yardstick's, pair by pair.</summary>
    public Samples? Ratio => Yardstick is null ? null : Samples.Ratios(Ours, Yardstick);

    /// <summary>The value that the bar judges: the ratio where there is a yardstick, otherwise the median.</summary>
    public double Judged => Ratio?.Median ?? Ours.Median;
}
