using System.Text;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using SQLitePCL;

namespace Nightmail.Store.Sql.Sqlite.Connections;

/// <summary>
/// A statement that is prepared once and run many times. Values are given and columns are read one after the other, in the order of the SQL
/// text. The driver's own command allocates an object for each of these; the hot path cannot afford that.
/// </summary>
internal sealed class Statement : IDisposable
{
    private const int IdBytes = 16;
    private const int StackText = 512;
    private readonly Database database;
    private readonly sqlite3_stmt statement;
    private int parameter;
    private int column;

    internal Statement(Database database, sqlite3_stmt statement) => (this.database, this.statement) = (database, statement);

    /// <summary>Begins anew: no values, no rows.</summary>
    public Statement Start()
    {
        // What the last run came to was told by its step; here it is only forgotten.
        _ = raw.sqlite3_reset(statement);
        parameter = 0;
        return this;
    }

    /// <summary>The next value.</summary>
    public Statement With(long value)
    {
        Check(raw.sqlite3_bind_int64(statement, ++parameter, value));
        return this;
    }

    /// <summary>The next value, or NULL.</summary>
    public Statement With(long? value) => value is { } number ? With(number) : WithNull();

    /// <summary>The next value: an instant in ticks since 1970, exact, or NULL.</summary>
    public Statement With(DateTimeOffset? value) => value is { } instant ? With(Instants.ToTicks(instant)) : WithNull();

    /// <summary>The next value: text, or NULL.</summary>
    public Statement With(string? value)
    {
        if (value is null) return WithNull();
        var most = Encoding.UTF8.GetMaxByteCount(value.Length);
        if (most <= StackText)
        {
            Span<byte> small = stackalloc byte[StackText];
            return With(small[..Encoding.UTF8.GetBytes(value, small)], isText: true);
        }

        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(most);
        With(buffer.AsSpan(0, Encoding.UTF8.GetBytes(value, buffer)), isText: true);
        System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        return this;
    }

    /// <summary>The next value: these bytes, as text (UTF-8) or as they are.</summary>
    public Statement With(ReadOnlySpan<byte> value, bool isText)
    {
        Check(isText ? raw.sqlite3_bind_text(statement, ++parameter, value) : raw.sqlite3_bind_blob(statement, ++parameter, value));
        return this;
    }

    /// <summary>The next value: an id, as its 16 bytes where it is a UUID.</summary>
    public Statement With(EmailId id)
    {
        Span<byte> bytes = stackalloc byte[IdBytes];
        var unique = id.UniqueSpan;
        return unique.Length == 2 * IdBytes && Convert.FromHexString(unique, bytes, out _, out _) == System.Buffers.OperationStatus.Done ? With(bytes, isText: false) : With(id.Unique);
    }

    /// <summary>The next value: a campaign's 16 bytes, or NULL.</summary>
    public Statement With(CampaignId? campaign)
    {
        if (campaign is not { } id) return WithNull();
        Span<byte> bytes = stackalloc byte[IdBytes];
        id.Value.TryWriteBytes(bytes, bigEndian: true, out _);
        return With(bytes, isText: false);
    }

    /// <summary>The next value is NULL.</summary>
    public Statement WithNull()
    {
        Check(raw.sqlite3_bind_null(statement, ++parameter));
        return this;
    }

    /// <summary>Goes to the next row.</summary>
    /// <returns>False when there is none; then the statement is ready for its next run.</returns>
    public bool Step()
    {
        column = 0;
        var code = raw.sqlite3_step(statement);
        if (code == raw.SQLITE_ROW) return true;
        var words = code == raw.SQLITE_DONE ? null : database.Words();
        _ = raw.sqlite3_reset(statement);
        return words is null ? false : throw SqliteTrouble.Of(code, words, database.Path);
    }

    /// <summary>Runs a statement that gives no rows.</summary>
    public void Run()
    {
        while (Step())
        {
        }
    }

    /// <summary>The first column of the first row as a number; 0 without a row or for NULL.</summary>
    public long Scalar()
    {
        var value = Step() ? Long() : 0;
        _ = raw.sqlite3_reset(statement);
        return value;
    }

    /// <summary>The next column: a number; 0 for NULL.</summary>
    public long Long() => raw.sqlite3_column_int64(statement, column++);

    /// <summary>The next column: a number.</summary>
    public int Int() => (int)Long();

    /// <summary>The next column: a number or NULL.</summary>
    public long? LongOrNull() => IsNull() ? SkipNull<long>() : Long();

    /// <summary>The next column: an instant.</summary>
    public DateTimeOffset Instant() => Instants.FromTicks(Long());

    /// <summary>The next column: an instant or NULL.</summary>
    public DateTimeOffset? InstantOrNull() => IsNull() ? SkipNull<DateTimeOffset>() : Instant();

    /// <summary>The next column: text or NULL.</summary>
    public string? Text() => IsNull() ? SkipNullText() : Encoding.UTF8.GetString(Bytes());

    /// <summary>The next column: text as a copy of its UTF-8, or NULL.</summary>
    public byte[]? Utf8()
    {
        if (!IsNull()) return Bytes().ToArray();
        column++;
        return null;
    }

    /// <summary>The next column as it lies in memory, until the next step; empty for NULL.</summary>
    public ReadOnlySpan<byte> Bytes() => raw.sqlite3_column_blob(statement, column++);

    /// <summary>The next column: an id.</summary>
    public EmailId Id() => raw.sqlite3_column_type(statement, column) == raw.SQLITE_BLOB
        ? EmailId.FromGuid(new Guid(Bytes(), bigEndian: true))
        : EmailId.Parse(Text() ?? "");

    /// <summary>The next column: a campaign or NULL.</summary>
    public CampaignId? CampaignOrNull() => IsNull() ? SkipNull<CampaignId>() : new CampaignId(new Guid(Bytes(), bigEndian: true));

    /// <summary>One of SQLite's counters for this statement; nothing once it is disposed.</summary>
    public long Status(int counter) => statement.IsClosed ? 0 : raw.sqlite3_stmt_status(statement, counter, 0);

    /// <inheritdoc/>
    public void Dispose() => statement.Dispose();

    private bool IsNull() => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;

    private T? SkipNull<T>()
        where T : struct
    {
        column++;
        return null;
    }

    private string? SkipNullText()
    {
        column++;
        return null;
    }

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK) throw SqliteTrouble.Of(code, database.Words(), database.Path);
    }
}

/// <summary>Instants as numbers: units of 100 ns since 1970, so that nothing is rounded and <c>datetime(x / 10000000, 'unixepoch')</c> reads them.</summary>
internal static class Instants
{
    /// <summary>The number.</summary>
    public static long ToTicks(DateTimeOffset instant) => instant.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;

    /// <summary>The instant, in UTC.</summary>
    public static DateTimeOffset FromTicks(long ticks) => new(ticks + DateTimeOffset.UnixEpoch.Ticks, TimeSpan.Zero);
}
