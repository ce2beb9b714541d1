using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Storage;

namespace Nightmail.Mail.Transports;

/// <summary>
/// Gives every message to a program such as sendmail or msmtp. The program may send the message from its first moment on, so begin stands
/// before its start; its standard input is a file, so that our death cannot cut a message short and have the rest of it sent.
/// </summary>
/// <param name="settings">The program.</param>
/// <param name="time">The clock.</param>
/// <param name="mostBytes">The largest message that the account takes, as the program gets it; null: any.</param>
public sealed class CommandTransport(TransportSettings.Command settings, TimeProvider time, long? mostBytes = null) : ITransport
{
    private readonly CommandLinePlan plan = new(settings);

    /// <inheritdoc/>
    public async Task<DeliveryOutcome> DeliverAsync(Envelope envelope, IOutgoingMessage message, BeginDelivery begin, CancellationToken cancellationToken)
    {
        if (ProgramPath.Find(settings.Words[0]) is not { } program)
            return Fault(envelope, $"{Name}: there is no such program", begun: false) with { Phase = "connect" };
        Fitting fitting;
        try
        {
            fitting = await Fitting.ForAsync(message, settings.TakesEightBit, takesUtf8: false, cancellationToken);
        }
        catch (StoreException unreadable)
        {
            return DeliveryOutcome.Of(Verdict.Deferred, envelope.Recipients, new(0, null, $"the message could not be read: {unreadable.Message}"), begun: false) with { Phase = "envelope" };
        }

        if (fitting.TooLarge(envelope, mostBytes) is { } tooLarge) return tooLarge;
        message = fitting.Message;
        if (Objection(fitting) is { } objection) return DeliveryOutcome.Of(Verdict.Bounced, envelope.Recipients, objection, begun: false) with { Phase = "envelope" };

        using var files = CommandFiles.Create(out var trouble);
        if (files is null) return Fault(envelope, trouble, begun: false) with { Phase = "body" };
        Handover handover;
        try
        {
            if (await files.WriteAsync(message, cancellationToken) is { } unreadable)
                return DeliveryOutcome.Of(Verdict.Deferred, envelope.Recipients, new(0, null, unreadable), begun: false) with { Phase = "body" };
            handover = await plan.MakeAsync(envelope, files, cancellationToken);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            return Fault(envelope, $"{Name}: the message cannot be kept for it: {failed.Message}", begun: false) with { Phase = "body" };
        }

        if (handover.Accepted.Count == 0) return new DeliveryOutcome(handover.Refused) { Phase = "envelope" };
        if (!await begin(handover.Accepted, handover.Refused, cancellationToken))
            return Combine(envelope, handover, Verdict.Untried, null, begun: false) with { Phase = "body" };
        return await RunAsync(envelope, program, handover, files);
    }

    /// <summary>Nothing is held between messages.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private string Name => Path.GetFileName(settings.Words[0]);

    private Reply? Objection(Fitting fitting)
    {
        if (fitting.Message.NeedsSmtpUtf8)
            return new(553, "5.6.7", $"not sent: the message needs international addresses, which {Name} cannot be told{fitting.Obstacle}");
        if (fitting.Message.Header != HeaderForm.Ascii)
            return new(554, "5.6.9", $"not sent: its header holds bytes above 127, which {Name} may damage{fitting.Obstacle}");
        if (fitting.Message.Is8Bit && !settings.TakesEightBit)
            return new(554, "5.6.3", $"not sent: the message holds 8-bit text as it is, which {Name} may damage; encode it, or set takesEightBit for the account{fitting.Obstacle}");
        return null;
    }

    private async Task<DeliveryOutcome> RunAsync(Envelope envelope, string program, Handover handover, CommandFiles files)
    {
        var run = await CommandRun.RunAsync(program, handover.Arguments, files, settings.TimeLimit, time);
        if (run.NotStarted is { } missing)
        {
            // It was never there to send anything.
            var untried = Combine(envelope, handover, Verdict.Untried, null, begun: true);
            return untried with { Fault = new(AccountFaultReason.Configuration, $"{Name} cannot be started: {missing}"), Phase = "body" };
        }

        var words = $"{Name} {run.Ended}{(run.Words.Length > 0 ? $": {run.Words}" : "")}";
        if (run.ExitCode is { } failed && ExitCodes.Fault(failed, settings.ExitCodes) is { } reason)
            return Combine(envelope, handover, Verdict.Untried, null, begun: true) with { Fault = new(reason, WithoutRecipients(words, envelope)), Phase = "body" };
        var verdict = run.ExitCode is { } code ? ExitCodes.Meaning(code, settings.ExitCodes) : Verdict.InDoubt;
        return Combine(envelope, handover, verdict, new(0, null, words), begun: true) with
        {
            Phase = verdict == Verdict.InDoubt ? "final dot" : "answered",
            FinalReply = verdict == Verdict.InDoubt ? null : new(0, null, words),
        };
    }

    /// <summary>What an account is said to have done is shown to more people than an email's own troubles.</summary>
    private static string WithoutRecipients(string words, Envelope envelope) =>
        envelope.Recipients.Aggregate(words, (text, address) => text.Replace(address, "recipient", StringComparison.OrdinalIgnoreCase));

    /// <summary>A verdict for everybody: the refused have theirs, the rest share the program's.</summary>
    private static DeliveryOutcome Combine(Envelope envelope, Handover handover, Verdict verdict, Reply? reply, bool begun)
    {
        var refused = handover.Refused.ToDictionary(each => each.Address);
        return new([.. envelope.Recipients.Select(address => refused.GetValueOrDefault(address) ?? new RecipientOutcome(address, verdict, reply))]) { Begun = begun };
    }

    private static DeliveryOutcome Fault(Envelope envelope, string words, bool begun) =>
        DeliveryOutcome.OfFault(new(AccountFaultReason.Configuration, words), envelope.Recipients, begun);
}

/// <summary>What a program's exit code says (sysexits).</summary>
internal static class ExitCodes
{
    /// <summary>The account's word, then the table's; what neither knows is in doubt, because the message may have left before it went wrong.</summary>
    public static Verdict Meaning(int code, IReadOnlyDictionary<int, Verdict> overrides) => overrides.TryGetValue(code, out var verdict) ? verdict : code switch
    {
        0 => Verdict.Delivered,
        // EX_TEMPFAIL, EX_UNAVAILABLE
        75 or 69 => Verdict.Deferred,
        // EX_DATAERR, EX_NOUSER
        65 or 67 => Verdict.Bounced,
        // EX_IOERR (74) among them: msmtp says it of a connection that was lost after the final dot too.
        _ => Verdict.InDoubt,
    };

    /// <summary>Why the account cannot send, where the code says that; null: it is about message or recipients, or the account gives it a meaning of its own.</summary>
    public static AccountFaultReason? Fault(int code, IReadOnlyDictionary<int, Verdict> overrides) => overrides.ContainsKey(code) ? null : code switch
    {
        // EX_NOHOST: msmtp cannot find its server, as when the machine is offline. Nothing was sent.
        68 => AccountFaultReason.Network,
        // EX_NOPERM: a login that was refused.
        77 => AccountFaultReason.Auth,
        // EX_USAGE, EX_CONFIG: every email would get the same answer, so none of them is to blame.
        64 or 78 => AccountFaultReason.Configuration,
        _ => null,
    };
}

/// <summary>Where a program is.</summary>
internal static class ProgramPath
{
    /// <summary>The file that would run, or null: as it is where the name has a slash, otherwise by PATH.</summary>
    public static string? Find(string name)
    {
        if (name.Contains('/', StringComparison.Ordinal)) return IsProgram(name) ? Path.GetFullPath(name) : null;
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        // Mail programs of the system are not on everybody's path.
        return folders.Append("/usr/sbin").Append("/usr/lib").Select(folder => Path.Combine(folder, name)).FirstOrDefault(IsProgram);
    }

    private static bool IsProgram(string path) =>
        File.Exists(path) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != UnixFileMode.None);
}
