using Nightmail.Store.File.Ledger;

namespace Nightmail.Store.File.Transactions;

/// <summary>What is kept in memory of the files that a transaction works on, as last seen. Not safe for two threads at once.</summary>
internal sealed record QueueMemory(QueueCache Queue, SendLedger Ledger, KeyFile Keys)
{
    /// <summary>Forgets everything, so that it never runs ahead of the disk.</summary>
    public void Forget()
    {
        Queue.Forget();
        Ledger.Forget();
        Keys.Forget();
    }
}
