using Nightmail.Core.Maintenance;

namespace Nightmail.Server.Maintenance;

/// <summary>Something that the server does again and again.</summary>
internal interface IWork
{
    /// <summary>Its name: that of its row.</summary>
    string Name { get; }

    /// <summary>When it is done until a person says otherwise.</summary>
    string Cron { get; }

    /// <summary>How much it leaves until a person says otherwise; null: it leaves nothing.</summary>
    int? Keep { get; }

    /// <summary>What becomes of slots that passed while nothing ran, until a person says otherwise.</summary>
    MissedRule Missed { get; }

    /// <summary>Does it once. What it cannot do it says by a <see cref="Core.Storage.StoreException"/>.</summary>
    /// <returns>One line: what it came to.</returns>
    Task<string> DoAsync(ScheduledWork work, CancellationToken cancellationToken);
}
