using System.Diagnostics;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Mail.Transports;
using Nightmail.Testing.Smtp;
using Nightmail.Tests.Delivery;
using Nightmail.Tests.Mail.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Transports;

/// <summary>A real msmtp as the command, against a server that plays its part or leaves in the middle of it.</summary>
public sealed class MsmtpTests : IDisposable
{
    private const string Text = "From: ada@a.test\r\nTo: bob@b.test\r\nSubject: x\r\n\r\n.dot\r\nend\r\n";
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory();

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData("250 2.1.5 ok", "250 2.0.0 queued", Verdict.Delivered, "exited with 0")]
    [InlineData("550 5.1.1 no such user", null, Verdict.Bounced, "exited with 65")]
    [InlineData("451 4.7.1 later", null, Verdict.Deferred, "exited with 69")]
    [InlineData("! end", null, Verdict.InDoubt, "exited with 76")]
    [InlineData("! cut", null, Verdict.InDoubt, "exited with 74")]
    [InlineData("250 2.1.5 ok", "! end", Verdict.InDoubt, "exited with 76")]
    [InlineData("250 2.1.5 ok", "! cut", Verdict.InDoubt, "exited with 74")]
    public async Task What_msmtp_says_of_a_server_is_what_the_recipient_comes_to(string rcptReply, string? dotReply, Verdict verdict, string words)
    {
        var rest = dotReply is null ? "" : $"C: DATA\nS: 354 go\n! message\n{Step(dotReply)}\n";
        await using var server = ScriptedSmtpServer.Play(
            $"S: 220 mx\n! any\nS: 250 mx\nC: MAIL FROM:<ada@a.test>\nS: 250 ok\nC: RCPT TO:<bob@b.test>\n{Step(rcptReply)}\n{rest}");
        var settings = new TransportSettings.Command { Words = ["msmtp", "--file=" + await ConfigurationAsync(server.Port), "-f", "{from}", "--", "{recipients}"] };
        await using var transport = new CommandTransport(settings, TimeProvider.System);

        var outcome = await transport.DeliverAsync(new("ada@a.test", ["bob@b.test"]), new TextMessage(Text), (_, _, _) => ValueTask.FromResult(true), CancellationToken.None);

        outcome.Verdicts().ShouldBe([verdict], outcome.Recipients[0].Reply!.Text);
        outcome.Recipients[0].Reply!.Text.ShouldContain(words);
        if (verdict == Verdict.Delivered)
        {
            server.Transcripts[0].ShouldContain("C: ..dot");
            server.Transcripts[0].ShouldContain("C: Subject: x");
        }
    }

    [Theory]
    [InlineData("defaults\nhost nohost.invalid\ntls off\nauth off\naccount default\n", AccountFaultReason.Network, "exited with 68")]
    [InlineData(null, AccountFaultReason.Configuration, "exited with 78")]
    public async Task An_msmtp_that_is_offline_or_not_set_up_fails_the_account_and_the_email_waits(string? configuration, AccountFaultReason reason, string words)
    {
        if (configuration is not null) await WriteAsync(".msmtprc", configuration);
        // It looks for its file at home.
        var home = "HOME=" + folder.FullName;
        await using var transport = new CommandTransport(new() { Words = ["env", "-u", "XDG_CONFIG_HOME", home, "msmtp", "-f", "{from}", "--", "{recipients}"] }, TimeProvider.System);

        var outcome = await transport.DeliverAsync(new("ada@a.test", ["bob@b.test"]), new TextMessage(Text), (_, _, _) => ValueTask.FromResult(true), CancellationToken.None);

        outcome.Verdicts().ShouldBe([Verdict.Untried]);
        outcome.Fault!.Reason.ShouldBe(reason, outcome.Fault.Words);
        outcome.Fault.Words.ShouldContain(words);
        var row = Lifecycle.After(Given.Email("bob@b.test"), outcome, new(), Given.Now, new Random(1));
        row.Status.ShouldBe(EmailStatus.Pending);
    }

    private static string Step(string reply) => reply.StartsWith('!') ? reply : "S: " + reply;

    private Task<string> ConfigurationAsync(int port) =>
        WriteAsync("msmtprc", $"defaults\nhost 127.0.0.1\nport {port}\ntls off\nauth off\ndomain me.test\naccount default\n");

    private async Task<string> WriteAsync(string name, string text)
    {
        var file = Path.Combine(folder.FullName, name);
        await File.WriteAllTextAsync(file, text);
        using var chmod = Process.Start("chmod", ["600", file]);
        await chmod.WaitForExitAsync();
        return file;
    }
}
