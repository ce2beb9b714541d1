using Nightmail.Store.File.Format;
using Nightmail.Store.File.Transactions;

namespace Nightmail.Store.File.Salvage;

/// <summary>How a file that is not as we left it becomes a queue again, as the first thing in the transaction that found it.</summary>
/// <param name="Document">The queue, in memory.</param>
/// <param name="Apply">Makes the changes that need a rule or a ledger line.</param>
/// <param name="Report">What is to be told once the queue is written; null: nothing.</param>
internal sealed record Mending(QueueDocument Document, Action<Transaction> Apply, Func<RecoveryReport?> Report);
