using System.Text;
using System.Text.RegularExpressions;

namespace Nightmail.Testing.Smtp;

/// <summary>
/// A whole conversation as text, a line a step:
/// <list type="bullet">
/// <item><c>S: 220 hello</c>: the server says a line.</item>
/// <item><c>S~ 25\x00</c>: it says exactly these bytes, with C# escapes.</item>
/// <item><c>C: EHLO me</c>: the client must say exactly this line.</item>
/// <item><c>! message</c>: the client must say a message, up to the final dot.</item>
/// <item><c>! abandoned</c>: the client must end the connection before the end of a message.</item>
/// <item><c>! any</c>: the client must say some line.</item>
/// <item><c>! wait NAME</c>: the server stops until <see cref="ScriptedSmtpServer.Release"/>.</item>
/// <item><c>! tls</c>: a handshake.</item>
/// <item><c>! end</c>, <c>! cut</c>: the server closes the connection, in order or by a reset.</item>
/// <item><c>! silence</c>: the client must end the connection without another byte.</item>
/// <item><c>! cork</c>, <c>! uncork</c>: over TLS, what the server says in between leaves in one piece, a record a line.</item>
/// <item><c>! overtake</c>: what the client has said already is no mistake at the next <c>S:</c>.</item>
/// </list>
/// Before every <c>S:</c> the client must have said nothing more than the script says; so a client that pipelines where it must not fails.
/// A script that ends leaves the connection open until the client ends it; a QUIT is answered then.
/// </summary>
public sealed class SmtpScript
{
    private SmtpScript(IReadOnlyList<Step> steps) => Steps = steps;

    /// <summary>What a step does.</summary>
    internal enum Kind
    {
        /// <summary>The server's bytes.</summary>
        Server,

        /// <summary>The client's line.</summary>
        Client,

        /// <summary>Anything else.</summary>
        Directive,
    }

    /// <summary>The steps.</summary>
    internal IReadOnlyList<Step> Steps { get; }

    /// <summary>All that the server says, in bytes.</summary>
    public int ServerBytes => Steps.Where(step => step.Kind == Kind.Server).Sum(step => step.Bytes.Length);

    /// <summary>All that the client must say line by line, in bytes; messages are not counted.</summary>
    public int ClientBytes => Steps.Where(step => step.Kind == Kind.Client).Sum(step => step.Bytes.Length);

    /// <summary>Reads a script; empty lines are skipped.</summary>
    public static SmtpScript Parse(string text)
    {
        var steps = new List<Step>();
        foreach (var line in text.Split('\n').Select(line => line.Trim('\r', ' ')).Where(line => line.Length > 0))
        {
            var rest = line.Length > 3 ? line[3..] : "";
            steps.Add(line[..2] switch
            {
                "S:" => new(Kind.Server, Encoding.UTF8.GetBytes(rest + "\r\n"), rest),
                "S~" => new(Kind.Server, Encoding.Latin1.GetBytes(Regex.Unescape(rest)), rest),
                "C:" => new(Kind.Client, Encoding.UTF8.GetBytes(rest + "\r\n"), rest),
                "! " => new(Kind.Directive, [], line[2..]),
                _ => throw new ArgumentException($"no step: {line}", nameof(text)),
            });
        }

        return new(steps);
    }

    /// <summary>How many bytes the server, or the client, has said when the step that begins like this is over.</summary>
    public int BytesThrough(string step, bool server)
    {
        var index = Steps.ToList().FindIndex(each => each.Text.StartsWith(step, StringComparison.Ordinal));
        if (index < 0) throw new ArgumentException($"the script has no step {step}", nameof(step));
        return Steps.Take(index + 1).Where(each => each.Kind == (server ? Kind.Server : Kind.Client)).Sum(each => each.Bytes.Length);
    }

    /// <summary>The same with what the server says at once in one step.</summary>
    internal SmtpScript Joined()
    {
        var joined = new List<Step>();
        foreach (var step in Steps)
        {
            if (step.Kind == Kind.Server && joined.Count > 0 && joined[^1].Kind == Kind.Server)
                joined[^1] = new(Kind.Server, [.. joined[^1].Bytes, .. step.Bytes], joined[^1].Text + "\nS: " + step.Text);
            else joined.Add(step);
        }

        return new(joined);
    }

    /// <summary>One step.</summary>
    internal sealed record Step(Kind Kind, byte[] Bytes, string Text);
}
