using System.Globalization;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;

namespace Nightmail.Cli.Configuration;

/// <summary>Reads the keys of the transport <c>command</c>.</summary>
internal static class CommandReader
{
    /// <summary>The highest code that a process can exit with.</summary>
    private const int MaxExitCode = 255;

    private static readonly Dictionary<string, Verdict> Meanings = new(StringComparer.OrdinalIgnoreCase)
    {
        ["delivered"] = Verdict.Delivered,
        ["deferred"] = Verdict.Deferred,
        ["bounced"] = Verdict.Bounced,
        ["inDoubt"] = Verdict.InDoubt,
    };

    /// <summary>The way out.</summary>
    public static TransportSettings.Command Read(ConfigSection section, Func<string, string?> variable)
    {
        var defaults = new TransportSettings.Command { Words = [] };
        return new()
        {
            Words = [.. Words(section).Select(word => Paths.ExpandHome(word, variable))],
            TimeLimit = section.Duration("timeLimit", defaults.TimeLimit, least: TimeSpan.FromSeconds(1)),
            TakesEightBit = section.Boolean("takesEightBit", otherwise: false),
            ExitCodes = ExitCodes(section.Section("exitCodes")),
        };
    }

    /// <summary>A list is program and arguments as they are; a string is split into them.</summary>
    private static IReadOnlyList<string> Words(ConfigSection section)
    {
        var texts = section.Texts("command");
        if (section.IsList("command"))
            return texts.Count > 0 && texts[0].Length > 0 ? texts : throw section.Error("command", "the list \"command\" begins with no program");
        if (texts.Count == 0) throw section.Missing("command");
        return CommandWords.TryParse(texts[0], out var words, out var error) ? words : throw section.Error("command", $"the command cannot be read {error}");
    }

    private static Dictionary<int, Verdict> ExitCodes(ConfigSection section)
    {
        var codes = new Dictionary<int, Verdict>();
        foreach (var member in section.Members)
        {
            if (!int.TryParse(member.Key, NumberStyles.None, CultureInfo.InvariantCulture, out var code) || code > MaxExitCode)
                throw section.Error(member.Key, $"\"{member.Key}\" is no exit code; write a number from 0 to {MaxExitCode}");
            var word = section.Choice(member.Key, "inDoubt", [.. Meanings.Keys]);
            codes[code] = Meanings[word];
        }

        section.Done();
        return codes;
    }
}
