using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite.Connections;

namespace Nightmail.Store.Sql.Sqlite.Ledger;

/// <summary>
/// A line of the ledger, known again by its fingerprint. The lines before it do not go into that: two ledgers that agree in one line, to the
/// tenth of a microsecond and the email, have the same past.
/// </summary>
/// <param name="Sequence">Where it stands; 0: before the first line.</param>
/// <param name="Print">What it looks like; 0 before the first line.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct LedgerLine(long Sequence, long Print)
{
    /// <summary>The kind of a line that is about no email: it makes a ledger that has it differ from every copy made before it.</summary>
    public const LedgerKind Mark = (LedgerKind)100;

    /// <summary>A new mark; its id is nobody's.</summary>
    public static LedgerEntry NewMark(long sequence, DateTimeOffset now) =>
        new() { Email = EmailId.FromGuid(Guid.CreateVersion7(now)), Sequence = sequence, Kind = Mark, At = now };

    /// <summary>An entry as a line.</summary>
    public static LedgerLine Of(LedgerEntry entry) => Of(entry.Sequence, entry.Email, (long)entry.Kind, entry.Attempt, entry.Transaction, Instants.ToTicks(entry.At));

    /// <summary>The last line.</summary>
    public static LedgerLine Last(Database ledger) => Ask(ledger, "SELECT sequence, email, kind, attempt, step, at FROM entry WHERE sequence <= ? ORDER BY sequence DESC LIMIT 1", long.MaxValue);

    /// <summary>The line that stands there; the one before the first where none does.</summary>
    public static LedgerLine At(Database ledger, long sequence) => Ask(ledger, "SELECT sequence, email, kind, attempt, step, at FROM entry WHERE sequence = ?", sequence);

    private static LedgerLine Ask(Database ledger, string sql, long sequence)
    {
        using var ask = ledger.Prepare(sql);
        return ask.Start().With(sequence).Step() ? Of(ask.Long(), ask.Id(), ask.Long(), ask.Long(), ask.Long(), ask.Long()) : default;
    }

    private static LedgerLine Of(long sequence, EmailId email, long kind, long attempt, long step, long at)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{sequence} {email.Unique} {kind} {attempt} {step} {at}")), hash);
        return new(sequence, BinaryPrimitives.ReadInt64BigEndian(hash));
    }
}
