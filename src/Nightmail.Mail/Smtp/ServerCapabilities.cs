namespace Nightmail.Mail.Smtp;

/// <summary>What a server said it can do (EHLO, RFC 5321 4.1.1.1). One that only knows HELO can do nothing.</summary>
internal sealed record ServerCapabilities
{
    /// <summary>A server that only knows HELO.</summary>
    public static readonly ServerCapabilities None = new();

    /// <summary>STARTTLS (RFC 3207).</summary>
    public bool StartTls { get; private init; }

    /// <summary>PIPELINING (RFC 2920).</summary>
    public bool Pipelining { get; private init; }

    /// <summary>8BITMIME (RFC 6152).</summary>
    public bool EightBitMime { get; private init; }

    /// <summary>SMTPUTF8 (RFC 6531).</summary>
    public bool SmtpUtf8 { get; private init; }

    /// <summary>DSN (RFC 3461).</summary>
    public bool Reports { get; private init; }

    /// <summary>SIZE (RFC 1870).</summary>
    public bool Size { get; private init; }

    /// <summary>The largest message it takes, in bytes; null: it names no limit.</summary>
    public long? MaxSize { get; private init; }

    /// <summary>The mechanisms of AUTH (RFC 4954), upper-case.</summary>
    public IReadOnlyList<string> AuthMechanisms { get; private init; } = [];

    /// <summary>LIMITS RCPTMAX (RFC 9422): recipients in one transaction; null: not named.</summary>
    public int? MaxRecipients { get; private init; }

    /// <summary>LIMITS MAILMAX (RFC 9422): transactions over one connection; null: not named.</summary>
    public int? MaxTransactions { get; private init; }

    /// <summary>Reads the lines of an EHLO reply; the first is the server's name.</summary>
    public static ServerCapabilities Parse(IReadOnlyList<string> lines)
    {
        var capabilities = None;
        foreach (var line in lines.Skip(1))
        {
            var words = line.ToUpperInvariant().Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 0) capabilities = capabilities.With(words[0], words.AsSpan(1));
        }

        return capabilities;
    }

    private ServerCapabilities With(string keyword, ReadOnlySpan<string> parameters) => keyword switch
    {
        "STARTTLS" => this with { StartTls = true },
        "PIPELINING" => this with { Pipelining = true },
        "8BITMIME" => this with { EightBitMime = true },
        "SMTPUTF8" => this with { SmtpUtf8 = true },
        "DSN" => this with { Reports = true },
        // "SIZE 0" and a bare "SIZE" name no limit.
        "SIZE" => this with { Size = true, MaxSize = parameters.Length > 0 && long.TryParse(parameters[0], out var size) && size > 0 ? size : null },
        "AUTH" => this with { AuthMechanisms = [.. AuthMechanisms, .. parameters] },
        // Servers of old said AUTH=LOGIN.
        _ when keyword.StartsWith("AUTH=", StringComparison.Ordinal) => this with { AuthMechanisms = [.. AuthMechanisms, keyword[5..], .. parameters] },
        "LIMITS" => this with { MaxRecipients = Limit("RCPTMAX=", parameters), MaxTransactions = Limit("MAILMAX=", parameters) },
        _ => this,
    };

    private static int? Limit(string name, ReadOnlySpan<string> parameters)
    {
        foreach (var parameter in parameters)
        {
            if (parameter.StartsWith(name, StringComparison.Ordinal) && int.TryParse(parameter.AsSpan(name.Length), out var limit) && limit > 0) return limit;
        }

        return null;
    }
}
