using System.Globalization;
using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Mail.Mime;
using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Mime;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>Real-looking emails, written with <c>schedule</c> and <c>schedule --eml</c>, leave through <c>run</c>; an independent reader gets what was meant.</summary>
public sealed class MainJobTests
{
    private const string From = "Ada Lovelace <ada@sender.example>";

    [Fact]
    public async Task Smtp_sink_gets_what_was_meant()
    {
        await using var sink = await SmtpSink.StartAsync();
        await using var home = Household.WithServer(sink.Port);
        await ScheduleAllAndRunAsync(home);
        await EveryMessageIsAsMeantAsync(sink.Messages());
    }

    [Fact]
    public async Task Aiosmtpd_gets_what_was_meant()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var home = Household.WithServer(sink.Port);
        await ScheduleAllAndRunAsync(home);
        await EveryMessageIsAsMeantAsync(sink.Messages());
    }

    [Fact]
    public async Task A_complete_message_keeps_its_bytes_but_for_Bcc()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var home = Household.WithServer(sink.Port);
        var messages = new Dictionary<string, byte[]>();
        foreach (var corpus in Corpus.RealLooking)
        {
            var id = $"<{messages.Count.ToString(CultureInfo.InvariantCulture)}.kept@elsewhere.example>";
            var bytes = await ComposedAsync(corpus, id);
            messages[id] = bytes;
            var file = Path.Combine(home.Folder, $"{messages.Count}.eml");
            await File.WriteAllBytesAsync(file, [.. Encoding.ASCII.GetBytes("Bcc: hidden@recipient.example,\r\n other@recipient.example\r\n"), .. bytes]);
            var result = await home.RunAsync("schedule", "--eml", file, "--at", "now");
            result.ExitCode.ShouldBe(0, $"{corpus}: {result.Errors}");
        }

        // What happens to the file later changes nothing.
        foreach (var file in Directory.GetFiles(home.Folder, "*.eml")) File.Delete(file);
        (await home.RunAsync("run", "--until-empty")).ExitCode.ShouldBe(0);

        var arrived = sink.Messages();
        arrived.Count.ShouldBe(messages.Count);
        foreach (var message in arrived)
        {
            message.Bytes.AsSpan().SequenceEqual(messages[message.Header("Message-ID")!]).ShouldBeTrue(message.Header("Subject"));
            message.Recipients.ShouldContain("hidden@recipient.example");
            message.Recipients.ShouldContain("other@recipient.example");
        }
    }

    private static async Task ScheduleAllAndRunAsync(Household home)
    {
        foreach (var (message, number) in Corpus.RealLooking.Select((message, number) => (message, number)))
        {
            var result = await ScheduleAsync(home, message, number);
            result.ExitCode.ShouldBe(0, $"{message}: {result.Errors}");
            EmailId.TryParse(result.Output.Split(' ')[0], out _).ShouldBeTrue(result.Output);
        }

        // What happens to the files later changes nothing.
        foreach (var folder in Directory.GetDirectories(home.Folder, "message-*")) Directory.Delete(folder, recursive: true);
        (await home.RunAsync("run", "--until-empty")).ExitCode.ShouldBe(0);
    }

    private static async Task<ProgramResult> ScheduleAsync(Household home, CorpusMessage message, int number)
    {
        var folder = Directory.CreateDirectory(Path.Combine(home.Folder, $"message-{number}")).FullName;
        List<string> arguments = ["schedule", "--subject", message.Content.Subject, "--at", "now"];
        foreach (var mailbox in message.Content.To) arguments.AddRange(["--to", mailbox]);
        foreach (var mailbox in message.Content.Cc) arguments.AddRange(["--cc", mailbox]);
        foreach (var mailbox in message.Content.Bcc) arguments.AddRange(["--bcc", mailbox]);
        foreach (var file in message.Files)
        {
            var path = Path.Combine(folder, file.Name);
            await File.WriteAllBytesAsync(path, file.Bytes);
            arguments.AddRange(["--attach", path]);
        }

        if (message.Content.Html is { } html)
        {
            var path = Path.Combine(folder, "body.html");
            await File.WriteAllTextAsync(path, html);
            arguments.AddRange(["--html", path]);
        }

        // One by a file, the others on standard input, as people do it.
        if (number % 2 == 1) return await home.RunWithInputAsync(message.Content.Text!, [.. arguments, "-"]);
        var text = Path.Combine(folder, "body.txt");
        await File.WriteAllTextAsync(text, message.Content.Text);
        return await home.RunAsync([.. arguments, "--body-file", text]);
    }

    private static async Task EveryMessageIsAsMeantAsync(IReadOnlyList<ReceivedMessage> arrived)
    {
        arrived.Count.ShouldBe(Corpus.RealLooking.Count);
        await using var python = new PythonMailReader();
        var bySubject = new Dictionary<string, (ReadMail Read, ReceivedMessage Received)>();
        foreach (var message in arrived)
        {
            var read = await python.ReadAsync(message.Bytes);
            bySubject.Add(read.Subject, (read, message));
        }

        foreach (var message in Corpus.RealLooking)
        {
            var (read, received) = bySubject[message.Content.Subject];
            Meant.Differences(message.Content, From, read).ShouldBeEmpty(message.Name);
            var wanted = message.Content.AllMailboxes.Select(text => Mailbox.TryParse(text, out var mailbox, out _) ? mailbox.Address : text);
            received.Recipients.ShouldBe(wanted, ignoreOrder: true, message.Name);
            received.From.ShouldBe("ada@sender.example");
        }
    }

    private static async Task<byte[]> ComposedAsync(CorpusMessage message, string messageId)
    {
        var blobs = new MemoryBlobStore();
        await message.KeepFilesAsync(blobs);
        var email = new ScheduledEmail { Id = EmailId.New(TimeProvider.System), Content = message.Content, ScheduledFor = default, CreatedAt = default };
        await using var composed = await new MessageComposer(blobs).ComposeAsync(email, new MessageIdentity(From, new(2026, 5, 1, 9, 0, 0, TimeSpan.Zero), messageId), CancellationToken.None);
        using var bytes = new MemoryStream();
        await composed.CopyToAsync(bytes, CancellationToken.None);
        return bytes.ToArray();
    }
}
