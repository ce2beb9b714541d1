using System.Text;
using System.Text.RegularExpressions;
using Nightmail.Core.Emails;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>Rows that no program of ours writes: by hand, by a bug elsewhere, or by somebody who wants to see what happens.</summary>
public static class OddRows
{
    private static readonly Dictionary<string, Func<string, string>> Oddities = new()
    {
        ["ledger_last at the end of all numbers"] = row => Set(row, "ledger_last", "9223372036854775807"),
        ["ledger_last just before it"] = row => Set(row, "ledger_last", "9223372036854775806"),
        ["ledger_last as large as is believed"] = row => Set(row, "ledger_last", "9007199254740992"),
        ["ledger_last as large as is numbered after"] = row => Set(row, "ledger_last", "4503599627370496"),
        ["ledger_last below zero"] = row => Set(row, "ledger_last", "-5"),
        ["not_after in the year 9999"] = row => Set(row, "not_after", "253402300799.999"),
        ["not_after as a date of the year 9999"] = row => Set(row, "not_after", "\"9999-12-31T23:59:59.9999999Z\""),
        ["attempts without room for one more"] = row => Set(row, "attempts", "2147483647"),
        ["attempts beyond all numbers"] = row => Set(row, "attempts", "99999999999999999999"),
        ["lost_claims without room for one more"] = row => Set(row, "lost_claims", "2147483647"),
        ["scheduled_for before Christ"] = row => Set(row, "scheduled_for", "-99999999999999"),
        ["scheduled_for in the year 1"] = row => Set(row, "scheduled_for", "-62135596800"),
        ["scheduled_for in milliseconds"] = row => Set(row, "scheduled_for", "1796112000000"),
        ["retried_at at the end of time"] = row => Set(row, "retried_at", "253402300799"),
        ["next_attempt at the end of time"] = row => Set(row, "next_attempt", "253402300799"),
        ["created_at at the end of time"] = row => Set(row, "created_at", "253402300799"),
        ["a lone surrogate in its text"] = row => Set(row, "last_error", "\"\\ud800\""),
        ["a lone surrogate in a key of its own"] = row => Set(row, "\\udfff", "1"),
        ["a lone surrogate in its idempotency key"] = row => Set(row, "idempotency_key", "{ \"key\": \"\\ud800\", \"request_hash\": \"0\" }"),
        ["a status that is none"] = row => Set(row, "status", "\"teleported\""),
    };

    public static TheoryData<string> Names => [.. Oddities.Keys];

    /// <summary>The queue with the oddity in the email's row.</summary>
    public static byte[] Apply(string oddity, byte[] queue, EmailId id)
    {
        var text = Encoding.UTF8.GetString(queue);
        var from = text.IndexOf($"\"{id}\": {{", StringComparison.Ordinal);
        var to = text.IndexOf("\n    }", from, StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes(text[..from] + Oddities[oddity](text[from..to]) + text[to..]);
    }

    private static string Set(string row, string key, string value)
    {
        var there = new Regex($"\"{Regex.Escape(key)}\": [^\n]*?(,?)\n", RegexOptions.None, TimeSpan.FromSeconds(5));
        return there.IsMatch(row + "\n")
            ? there.Replace(row + "\n", match => $"\"{key}\": {value}{match.Groups[1].Value}\n", 1)[..^1]
            : $"{row},\n      \"{key}\": {value}";
    }
}
