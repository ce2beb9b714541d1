using Nightmail.Core.Maintenance;
using Nightmail.Server.Events;
using Nightmail.Server.Health;

namespace Nightmail.Server.Maintenance;

/// <summary>Looks again and again whether all is well, and says so when that changes.</summary>
internal sealed class HealthWork(ServerHealth health, ServerOptions options, EngineReporter reporter) : IWork
{
    private HashSet<string> told = [];

    /// <inheritdoc/>
    public string Name => "health";

    /// <inheritdoc/>
    public string Cron => "*/5 * * * *";

    /// <inheritdoc/>
    public int? Keep => null;

    /// <summary>What was well an hour ago helps nobody.</summary>
    public MissedRule Missed => MissedRule.Skip;

    /// <inheritdoc/>
    public async Task<string> DoAsync(ScheduledWork work, CancellationToken cancellationToken)
    {
        var problems = await health.ProblemsAsync(cancellationToken);
        foreach (var problem in problems.Where(problem => !told.Contains(problem)))
        {
            options.Say($"health: {problem}");
            reporter.Work(Name, "problem", problem);
        }

        if (told.Count > 0 && problems.Count == 0) options.Say("health: all is well again");
        told = [.. problems];
        return problems.Count == 0 ? "all is well" : string.Join("; ", problems);
    }
}
