using System.Text;
using Nightmail.Core.Delivery;

namespace Nightmail.Mail.Smtp;

/// <summary>Puts a server's lines together into replies (RFC 5321 4.2.1, RFC 2034).</summary>
internal sealed class ReplyAssembler
{
    /// <summary>More lines than any EHLO has; a server that goes on talking is broken.</summary>
    public const int MaxLines = 200;

    /// <summary>More words than a person reads; the rest is dropped.</summary>
    private const int MaxText = 1_000;

    /// <summary>The answers to MAIL, RCPT and DATA are the same for every email, and one place is for those that never are.</summary>
    private const int Remembered = 4;

    private readonly List<string> lines = [];
    private readonly List<(byte[] Line, Reply Reply)> recent = new(Remembered);
    private int code;

    /// <summary>The lines of the last reply without their codes, where it had several; EHLO's are read one by one.</summary>
    public IReadOnlyList<string> Lines => lines;

    /// <summary>True between the lines of one reply.</summary>
    public bool IsPartial { get; private set; }

    /// <summary>Takes one line, without its end.</summary>
    /// <param name="line">What the server sent.</param>
    /// <param name="reply">The reply, when this was its last line.</param>
    /// <returns>False when it is no line of a reply: garbage, another code than the line before, too many lines.</returns>
    public bool TryAdd(ReadOnlySpan<byte> line, out Reply? reply)
    {
        reply = null;
        if (!IsPartial)
        {
            lines.Clear();
            reply = Recall(line);
            if (reply is not null) return true;
        }

        if (line.Length < 3 || line[0] is < (byte)'1' or > (byte)'5' || !char.IsAsciiDigit((char)line[1]) || !char.IsAsciiDigit((char)line[2])) return false;
        if (line.Length > 3 && line[3] is not ((byte)' ' or (byte)'-')) return false;
        var digits = ((line[0] - '0') * 100) + ((line[1] - '0') * 10) + (line[2] - '0');
        if (IsPartial && digits != code || lines.Count == MaxLines) return false;

        code = digits;
        lines.Add(line.Length > 4 ? Readable(line[4..]) : "");
        IsPartial = line.Length > 3 && line[3] == '-';
        if (IsPartial) return true;
        reply = Assemble();
        if (lines.Count == 1) Remember(line, reply);
        return true;
    }

    /// <summary>The reply that the same single line was before, latest first.</summary>
    private Reply? Recall(ReadOnlySpan<byte> line)
    {
        for (var i = 0; i < recent.Count; i++)
        {
            var known = recent[i];
            if (!line.SequenceEqual(known.Line)) continue;
            recent.RemoveAt(i);
            recent.Insert(0, known);
            return known.Reply;
        }

        return null;
    }

    private void Remember(ReadOnlySpan<byte> line, Reply reply)
    {
        if (recent.Count == Remembered) recent.RemoveAt(Remembered - 1);
        recent.Insert(0, (line.ToArray(), reply));
    }

    private Reply Assemble()
    {
        var enhanced = EnhancedCode(lines[0]);
        var text = lines.Count == 1 ? Without(enhanced, lines[0]) : string.Join(' ', lines.Select(line => Without(enhanced, line)));
        return new(code, enhanced, text.Length > MaxText ? text[..MaxText] : text);
    }

    /// <summary>The code of RFC 3463 that the text begins with, or null.</summary>
    private static string? EnhancedCode(string text)
    {
        if (text.Length < 5 || text[0] is not ('2' or '4' or '5') || text[1] != '.') return null;
        var end = text.IndexOf(' ');
        var word = end < 0 ? text : text[..end];
        var dot = word.IndexOf('.', 2);
        return dot > 2 && IsNumber(word.AsSpan(2, dot - 2)) && IsNumber(word.AsSpan(dot + 1)) ? word : null;
    }

    private static bool IsNumber(ReadOnlySpan<char> digits) => digits.Length is > 0 and <= 3 && !digits.ContainsAnyExceptInRange('0', '9');

    private static string Without(string? enhanced, string line) =>
        enhanced is not null && line.StartsWith(enhanced, StringComparison.Ordinal) ? line[enhanced.Length..].TrimStart() : line;

    private static string Readable(ReadOnlySpan<byte> bytes)
    {
        var text = Encoding.UTF8.GetString(bytes).Trim();
        return text.Any(char.IsControl) ? string.Create(text.Length, text, static (to, from) =>
        {
            for (var i = 0; i < from.Length; i++) to[i] = char.IsControl(from[i]) ? ' ' : from[i];
        }) : text;
    }
}
