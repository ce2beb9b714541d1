using System.Globalization;
using System.Text.RegularExpressions;

namespace Nightmail.Store.Sql.Sqlite.Backups;

/// <summary>
/// The names of a server's backups: the moment in UTC and eight digits by chance, so that no two are ever the same:
/// <c>nightmail_2026-11-22T02-00-00Z_0c9f51d2.db</c>. Beside each lies its checksum, in the form that <c>sha256sum -c</c> reads.
/// </summary>
internal static partial class ServerBackupName
{
    /// <summary>How the name of a checksum ends.</summary>
    public const string ChecksumEnding = ".sha256";

    /// <summary>How the name of what is being made ends.</summary>
    public const string PartEnding = ".part";

    private const string Moment = "yyyy-MM-dd'T'HH-mm-ss'Z'";

    /// <summary>The name of a backup that is made now.</summary>
    public static string New(DateTimeOffset now, string digits) => $"nightmail_{now.UtcDateTime.ToString(Moment, CultureInfo.InvariantCulture)}_{digits}.db";

    /// <summary>Digits by chance.</summary>
    public static string Digits(Random random) => random.NextInt64(1L << 32).ToString("x8", CultureInfo.InvariantCulture);

    /// <summary>The digits that go with an id: those of its end, which are by chance.</summary>
    public static string DigitsOf(Guid id) => id.ToString("N")[^8..];

    /// <summary>The digits of a name.</summary>
    public static string DigitsOf(string name) => name[^"0c9f51d2.db".Length..^".db".Length];

    /// <summary>When a backup of that name was made; null when it is no such name.</summary>
    public static DateTimeOffset? TimeOf(string name) =>
        Form().Match(name) is { Success: true } match && DateTimeOffset.TryParseExact(match.Groups["moment"].ValueSpan, Moment, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var made) ? made : null;

    [GeneratedRegex(@"\Anightmail_(?<moment>\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z)_[0-9a-f]{8}\.db\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Form();
}
