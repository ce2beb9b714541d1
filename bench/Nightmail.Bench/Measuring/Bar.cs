namespace Nightmail.Bench.Measuring;

/// <summary>What a figure is held against.</summary>
/// <param name="Must">Worse than this is a defect.</param>
/// <param name="Aim">What good work reaches; null where nothing beyond the bar is asked.</param>
/// <param name="Unit">The unit of both; <c>x</c> for a ratio to the yardstick.</param>
/// <param name="MoreIsBetter">True for rates; false for times and sizes.</param>
internal sealed record Bar(double Must, double? Aim, string Unit, bool MoreIsBetter = false)
{
    /// <summary>The value in words.</summary>
    public string Judge(double value) => Aim is { } aim && Reaches(value, aim) ? "aim reached" : Reaches(value, Must) ? "within the bar" : "MISSED";

    private bool Reaches(double value, double limit) => MoreIsBetter ? value >= limit : value <= limit;
}
