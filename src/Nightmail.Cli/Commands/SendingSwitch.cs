using Nightmail.Cli.Configuration;
using Nightmail.Cli.Printing;
using Nightmail.Core.Emails;

namespace Nightmail.Cli.Commands;

/// <summary>Pauses and resumes sending as a whole, and says what is still on its way or still held.</summary>
internal static class SendingSwitch
{
    /// <summary>Once this has returned with true, no worker begins anything.</summary>
    public static async Task<int> SetAsync(bool paused, Session session, CancellationToken cancellationToken)
    {
        await session.Store.SetSendingPausedAsync(paused, cancellationToken);
        session.Log.Write(LogLevel.Information, paused ? "pause --all" : "resume --all");
        var counts = (await session.Store.OverviewAsync(cancellationToken)).Counts;
        var (sending, held) = (counts.GetValueOrDefault(EmailStatus.Sending), counts.GetValueOrDefault(EmailStatus.Paused));
        var done = paused ? "sending is paused" : "sending goes on";
        session.Print(session.Globals.Json ? JsonText.Line(json =>
        {
            json.WriteStartObject();
            json.WriteBoolean("sendingPaused", paused);
            json.WriteNumber("sending", sending);
            json.WriteNumber("paused", held);
            json.WriteEndObject();
        }) : $"{done}\n", done);
        if (paused && sending > 0) session.Note($"{Emails(sending)} on the way: what has begun is finished, the rest is given back");
        if (!paused && held > 0) session.Note($"{Emails(held)} paused one by one, and stays so: {session.Command("list --status paused")} shows, {session.Command("resume ID")} lets go");
        return ExitCodes.Done;
    }

    private static string Emails(int count) => count == 1 ? "1 email is" : $"{count} emails are";
}
