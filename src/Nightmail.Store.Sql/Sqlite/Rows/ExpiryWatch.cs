using Nightmail.Core.Emails;

namespace Nightmail.Store.Sql.Sqlite.Rows;

/// <summary>Knows when the next pending email expires, so that asking for what has expired costs nothing while nothing has.</summary>
internal sealed class ExpiryWatch(EmailTable table)
{
    private long next;
    private bool isTouched;

    /// <summary>When the next one expires, in ticks; for any thread.</summary>
    public long Next => Volatile.Read(ref next);

    /// <summary>A row is written.</summary>
    public void Written(ScheduledEmail? before, ScheduledEmail after) => isTouched |= after.NotAfter is not null || before?.NotAfter is not null;

    /// <summary>What was written is committed.</summary>
    public void Committed()
    {
        if (isTouched) Look();
    }

    /// <summary>Looks anew.</summary>
    public void Look()
    {
        Volatile.Write(ref next, table.NextExpiry()?.UtcTicks ?? long.MaxValue);
        isTouched = false;
    }
}
