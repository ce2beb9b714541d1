using System.Text;

namespace Nightmail.Server.Templates;

/// <summary>What one rendering may use: steps, characters, time. Whoever uses more gets an exception in the middle of it.</summary>
internal sealed class RenderBudget(TimeProvider time)
{
    /// <summary>Turns of loops and conditions taken together.</summary>
    public const int MaxSteps = 100_000;

    /// <summary>Characters written: what an email's part may have.</summary>
    public const int MaxCharacters = 2_000_000;

    /// <summary>Time: a hundred times what a large newsletter takes.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(2);

    /// <summary>The clock is looked at once in so many steps.</summary>
    private const int StepsBetweenLooks = 256;

    private readonly long started = time.GetTimestamp();
    private int steps;

    /// <summary>One turn of a loop or condition.</summary>
    public void Step()
    {
        if (++steps > MaxSteps) throw new OverBudgetException($"it takes more than {MaxSteps} turns of loops and conditions");
        if (steps % StepsBetweenLooks == 0) CheckTime();
    }

    /// <summary>So many characters have been written in all.</summary>
    public void Written(int characters)
    {
        if (characters > MaxCharacters) throw new OverBudgetException($"it writes more than {MaxCharacters} characters");
    }

    private void CheckTime()
    {
        if (time.GetElapsedTime(started) > MaxTime) throw new OverBudgetException($"it takes longer than {MaxTime.TotalSeconds} s");
    }
}

/// <summary>A rendering used more than it may.</summary>
internal sealed class OverBudgetException(string message) : Exception(message);

/// <summary>Text that tells the budget how long it has become.</summary>
internal sealed class BudgetedWriter(RenderBudget budget) : StringWriter
{
    public override void Write(char value)
    {
        base.Write(value);
        budget.Written(GetStringBuilder().Length);
    }

    public override void Write(string? value)
    {
        base.Write(value);
        budget.Written(GetStringBuilder().Length);
    }

    public override void Write(char[] buffer, int index, int count)
    {
        base.Write(buffer, index, count);
        budget.Written(GetStringBuilder().Length);
    }

    public override void Write(ReadOnlySpan<char> buffer)
    {
        base.Write(buffer);
        budget.Written(GetStringBuilder().Length);
    }

    public override void Write(StringBuilder? value) => Write(value?.ToString());
}
