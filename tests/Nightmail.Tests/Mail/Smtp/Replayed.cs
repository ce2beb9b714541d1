using Nightmail.Testing.Smtp;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>How the server's side of a conversation comes over the network.</summary>
public enum Replay
{
    /// <summary>All that it says at once in one piece.</summary>
    Whole,

    /// <summary>A line a piece.</summary>
    ByLine,

    /// <summary>A byte a piece.</summary>
    ByByte,
}

/// <summary>Tests whose conversations are replayed whole, line by line and byte by byte: what comes of them is the same.</summary>
public abstract class Replayed(Replay replay)
{
    private protected ScriptedSmtpServer Serve(params string[] scripts) => ScriptedSmtpServer.Play(scripts, replay switch
    {
        Replay.Whole => new() { Joined = true },
        Replay.ByByte => new() { PieceSize = 1 },
        _ => new(),
    });

    private protected Conversation Play(params string[] scripts) => Conversation.Over(Serve(scripts));
}
