using System.Data.Common;

namespace Nightmail.Store.Sql.Shared;

/// <summary>
/// Where the control plane's SQL runs. One text serves both engines; what differs (who may write, when it is durable, how trouble is
/// named) is behind this.
/// </summary>
internal interface ISqlSession
{
    /// <summary>Runs the work in one transaction that is on stable storage when this returns, or not at all. The work must do nothing but SQL: it may run under a lock.</summary>
    ValueTask<T> WriteAsync<T>(Func<DbConnection, DbTransaction, T> work, CancellationToken cancellationToken);

    /// <summary>Runs the work on what is there at one moment. It must not write.</summary>
    ValueTask<T> ReadAsync<T>(Func<DbConnection, T> work, CancellationToken cancellationToken);
}
